// One route as an operation of OpenAPI: its parameters, body, answers, errors, headers and who may call it.
import type { TSchema } from 'typebox';
import { type ErrorCode, errors } from '../errors.ts';
import { errorsOf, needsIdempotencyKey } from '../routes/errors-of.ts';
import type { Route } from '../routes/route.ts';
import { IdempotencyKeySchema } from '../schema.ts';
import { exampleOf } from './example.ts';
import { type Json, type JsonObject, schemaOf } from './schemas.ts';

export function operationOf(name: string, route: Route): JsonObject {
  const { summary, body, form, access, deprecated } = route;
  return {
    operationId: name,
    summary,
    tags: [name.split('.')[0] ?? name],
    security: access === 'open' ? [] : access === 'device' ? [{ device: [] }] : [{ key: [access] }],
    ...(deprecated ? { deprecated: true } : {}),
    parameters: parametersOf(route),
    ...(body ? { requestBody: jsonBody(body) } : {}),
    ...(form === 'bytes-in' ? { requestBody: bytesBody } : {}),
    responses: { 200: okOf(route), ...problemsOf(route) },
  };
}

function jsonBody(schema: TSchema): Json {
  return { required: true, content: { 'application/json': { schema: schemaOf(schema), example: exampleOf(schema) as Json } } };
}

const bytes: Json = { type: 'string', format: 'binary' };
const bytesBody: Json = { required: true, content: { 'application/octet-stream': { schema: bytes } } };

function parametersOf(route: Route): Json {
  const { params, query } = route;
  const key = { name: 'Idempotency-Key', in: 'header', required: true, schema: schemaOf(IdempotencyKeySchema), description: keyed };
  const resume = {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    schema: { type: 'string', pattern: '^[0-9]{1,15}$' },
    description: resumed,
  };
  return [
    ...fieldsOf('path', params),
    ...fieldsOf('query', query),
    ...(needsIdempotencyKey(route) ? [key] : []),
    ...(route.form === 'events' ? [resume] : []),
  ];
}
const keyed = 'The same key with the same request gets the same answer again; with another request it is refused';
const resumed = 'The id of the last event that was read: the story goes on after it';

function fieldsOf(where: 'path' | 'query', schema: TSchema | undefined): Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as { properties?: Record<string, TSchema>; required?: string[] };
  return Object.entries(properties).map(([name, field]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: schemaOf(field),
    ...(where === 'path' ? { example: exampleOf(field) as Json } : {}),
  }));
}

function okOf({ answer, form, deprecated }: Route): Json {
  const headers = { ...usual, ...(deprecated ? { deprecation: header('Deprecation'), sunset: header('Sunset') } : {}) };
  return { description: 'Done', headers, content: contentOf(answer, form) };
}

function contentOf(answer: TSchema, form: Route['form']): Json {
  if (form === 'bytes-out') return { 'application/octet-stream': { schema: bytes } };
  // Each event's data is JSON of this schema: what OpenAPI 3.1 has no word for.
  if (form === 'events') return { 'text/event-stream': { schema: { type: 'string' }, 'x-event-data': schemaOf(answer) } };
  return { 'application/json': { schema: schemaOf(answer), example: exampleOf(answer, true) as Json } };
}

function header(name: string): Json {
  return { $ref: `#/components/headers/${name}` };
}

const usual: JsonObject = {
  'x-request-id': header('RequestId'),
  'ratelimit-policy': header('RateLimitPolicy'),
  ratelimit: header('RateLimit'),
};

/** One answer for each status, with the codes that it may have. */
function problemsOf(route: Route): JsonObject {
  const byStatus = Map.groupBy(errorsOf(route), (code) => errors[code].status);
  const all = [...byStatus].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(all.map(([status, codes]): [string, Json] => [String(status), sharedOr(route, status, codes)]));
}

function sharedOr({ errors: own = [] }: Route, status: number, codes: readonly ErrorCode[]): Json {
  const isShared = !codes.some((code) => own.includes(code));
  return isShared ? { $ref: `#/components/responses/${sharedName(status, codes)}` } : problemOfStatus(status, codes);
}

/** By the nouns of its codes: what follows from who may call a route, its method and its form is the same for many. */
function sharedName(status: number, codes: readonly ErrorCode[]): string {
  return `${status}-${[...new Set(codes.map((code) => code.split('.')[0]))].join('-')}`;
}

/** The answers that several of these routes share. */
export function sharedResponses(all: readonly Route[]): JsonObject {
  const found = new Map<string, Json>();
  for (const route of all) {
    for (const [status, codes] of Map.groupBy(errorsOf({ ...route, errors: [] }), (code) => errors[code].status)) {
      const name = sharedName(status, codes);
      const response = problemOfStatus(status, codes);
      if (found.has(name) && JSON.stringify(found.get(name)) !== JSON.stringify(response)) throw new Error(`two answers are named ${name}`);
      found.set(name, response);
    }
  }
  return Object.fromEntries([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function problemOfStatus(status: number, codes: readonly ErrorCode[]): Json {
  const waits = status === 429 || status === 503;
  return {
    description: codes.map((code) => `\`${code}\`: ${errors[code].sentence}`).join('\n\n'),
    headers: { ...usual, ...(waits ? { 'retry-after': header('RetryAfter') } : {}) },
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { status: { const: status }, code: { enum: codes } } }] },
      },
    },
  };
}

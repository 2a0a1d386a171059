// The OpenAPI 3.1 document of the whole API, made of the route table alone: what control serves and docs/openapi.json holds.
import { type ErrorCode, errors } from '../errors.ts';
import { scopes } from '../identity.ts';
import { routes } from '../routes.ts';
import type { Route } from '../routes/route.ts';
import { type Json, type JsonObject, componentsOf } from './schemas.ts';
import { operationOf, sharedResponses } from './operation.ts';

const description = `Rent machines by the minute as private Ray clusters, and offer machines.

Money is in whole micro-units of the network's currency, as decimal strings; times are milliseconds since 1970, UTC. Every problem is an
RFC 9457 document with a code of the table under /problems. docs/api.md says the rest: keys, pages, repeated requests, events, versions.`;

/** Made anew at each call; the same table gives the same document. */
export function openApi(): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(name, route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'IOG', version: 'v1', description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/', description: 'The network that serves this document' }],
    tags: [...new Set(Object.keys(routes).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...componentsOf(paths), Problem: problem },
      responses: sharedResponses(Object.values(routes)),
      headers,
      securitySchemes,
    },
  };
}

/** The noun of a route's name. */
export function tagOf(name: string): string {
  return name.split('.')[0] ?? name;
}

const problem: JsonObject = {
  description: 'An RFC 9457 problem document. `type` is the path of a page about this code.',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'title', 'status', 'detail', 'code', 'next', 'context'],
  properties: {
    type: { type: 'string', format: 'uri-reference', examples: ['/problems/not-found'] },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What happened, to what' },
    code: { type: 'string', enum: Object.keys(errors) as ErrorCode[] },
    next: { type: 'string', description: 'What to do next' },
    context: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
    request: { type: 'string', description: 'The id of the request, as in x-request-id' },
  },
};

const headers: JsonObject = {
  RequestId: {
    description: "The id of this request in control's log",
    required: true,
    schema: { type: 'string', pattern: '^req_[0-9a-f]{24}$' },
  },
  RateLimitPolicy: {
    description:
      'The limits that this caller is counted under, each with its quota in a window of seconds (draft-ietf-httpapi-ratelimit-headers)',
    schema: { type: 'string', examples: ['"address";q=6000;w=60, "account";q=1200;w=60'] },
  },
  RateLimit: {
    description: 'Of each of them: how many requests are left, and the seconds until all of the quota is there again',
    schema: { type: 'string', examples: ['"address";r=5999;t=1, "account";r=1199;t=1'] },
  },
  RetryAfter: { description: 'Seconds to wait before trying again', required: true, schema: { type: 'integer', minimum: 1 } },
  Deprecation: { description: 'Since when this route is deprecated (RFC 9745)', required: true, schema: { type: 'string' } },
  Sunset: { description: 'From when on it may be gone (RFC 8594)', required: true, schema: { type: 'string' } },
};

const securitySchemes: JsonObject = {
  key: { type: 'http', scheme: 'bearer', description: `An API key. Each route names the scope that it needs: ${scopes.join(', ')}.` },
  device: {
    type: 'http',
    scheme: 'IOG-Device',
    description:
      "A device's signature over this very request: `IOG-Device <device>.<atMs>.<nonce>.<signature>`, Ed25519 over the canonical method, path, SHA-256 of the body, time and nonce.",
  },
};

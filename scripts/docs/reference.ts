// docs/api-reference.md: every route of the table, for people; docs/openapi.json is the whole of it.
import {
  type ErrorCode,
  type Route,
  type RouteName,
  errors,
  errorsOf,
  exampleOf,
  needsIdempotencyKey,
  routes,
  sockets,
} from '@iog/protocol';
import { made } from './made.ts';

export function apiReference(): string {
  const all = Object.entries(routes) as [RouteName, Route][];
  const byNoun = Map.groupBy(all, ([name]) => name.split('.')[0] ?? name);
  return `${made}
# Routes

Each under its name, which is the operationId in [openapi.json](openapi.json). [api.md](api.md) says what holds for all of them: keys, pages,
repeated requests, errors, limits, versions.

${[...byNoun].map(([noun, own]) => `## ${noun}\n\n${own.map(([name, route]) => section(name, route)).join('\n')}`).join('\n')}
## WebSockets

${Object.values(sockets)
  .map((path) => `- \`${path}\``)
  .join('\n')}

The first is the link of a device, the others are the two ends of a tunnel: they belong to the worker and to the client of this repository
and are not part of the promise of /v1.
`;
}

function section(name: RouteName, route: Route): string {
  const { method, path, summary, access, query, body, answer, form, deprecated } = route;
  const who = access === 'open' ? 'anyone' : access === 'device' ? 'a device, by its signature' : `a key with \`${access}\``;
  const own = errorsOf(route).filter((code) => route.errors?.includes(code) === true);
  const lines = [
    `- Who: ${who}`,
    ...(needsIdempotencyKey(route) ? ['- Header: `Idempotency-Key`'] : []),
    ...(query ? [`- Query: ${fieldsOf(query)}`] : []),
    ...(body ? [`- Body: \`${JSON.stringify(exampleOf(body))}\`${optionalOf(body)}`] : []),
    ...(form === 'bytes-in' ? ['- Body: bytes'] : []),
    ...(form === 'bytes-out'
      ? ['- Answer: bytes']
      : [`- Answer: ${form === 'events' ? 'server-sent events, each ' : ''}${fieldsOf(answer)}`]),
    ...(own.length > 0 ? [`- Errors of its own: ${own.map(linked).join(', ')}`] : []),
  ];
  const leaving = deprecated ? `\n**Deprecated**; it may be gone from ${new Date(deprecated.sunset).toISOString().slice(0, 10)} on.\n` : '';
  return `### ${name}\n\n\`${method} ${path}\`: ${summary}\n${leaving}\n${lines.join('\n')}\n`;
}

function linked(code: ErrorCode): string {
  return `[${code}](problems.md#${code.replaceAll('.', '')}) (${errors[code].status})`;
}

interface Fields {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

function fieldsOf(schema: Fields): string {
  return Object.keys(schema.properties ?? {})
    .map((name) => `\`${name}\``)
    .join(', ');
}

function optionalOf({ properties = {}, required = [] }: Fields): string {
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  return optional.length === 0 ? '' : `, and if wanted ${optional.map((name) => `\`${name}\``).join(', ')}`;
}

// Requests that reach no route: another method of an address that is there, and what is no HTTP at all. Each gets a problem and a request id.
import type { Duplex } from 'node:stream';
import { type Rejection, problemOf, routes } from '@iog/protocol';

const addresses = Object.values(routes).map(({ path, method }) => ({ method, form: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`) }));

/** The methods of an address, as the header Allow has them; undefined where there is no such address. */
export function methodsOf(url: string): string | undefined {
  const [path = ''] = url.split('?');
  const found = addresses.filter(({ form }) => form.test(path)).map(({ method }) => method);
  return found.length === 0 ? undefined : [...new Set(found)].join(', ');
}

const titles: Readonly<Record<string, Rejection>> = {
  HPE_HEADER_OVERFLOW: { code: 'request.headers-too-large', context: {} },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request.malformed', context: { detail: 'it did not come to its end in time' } },
};

/** What the parser of HTTP could not read: answered on the bare socket, which then ends. */
export function refuseMalformed(error: { readonly code?: string }, socket: Duplex, request: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const rejection = titles[error.code ?? ''] ?? { code: 'request.malformed', context: { detail: 'this is not HTTP' } };
  socket.end(rawProblem(rejection, request), () => socket.destroy());
}

/** A whole HTTP answer, for a socket that no server answers on. */
export function rawProblem(rejection: Rejection, request: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const problem = problemOf(rejection, request);
  const body = JSON.stringify(problem);
  const all = {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': request,
    Connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${rejection.code}\r\n${lines.join('')}\r\n${body}`;
}

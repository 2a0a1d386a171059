// The headers of a request as Ray's dashboard should see it. Ray answers 405 to whatever looks like a browser.
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { cookiesOf } from './proxy-gate.ts';

const ofThisHop = ['host', 'connection', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'];
const ofBrowsers = ['origin', 'referer', 'cookie'];

export interface ForwardedBy {
  /** To add where the request has no authorisation of its own. */
  readonly token: string | undefined;
  /** The proxy's own cookie, which goes no further. */
  readonly cookieName: string;
}

export function forwardedHeaders(request: IncomingMessage, { token, cookieName }: ForwardedBy): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { host: 'localhost' };
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (ofThisHop.includes(name) || ofBrowsers.includes(name) || name.startsWith('sec-fetch-')) continue;
    if (name === 'user-agent' && values?.some((value) => value.startsWith('Mozilla'))) continue;
    headers[name] = values?.length === 1 ? values[0] : values;
  }
  const cookies = cookiesOf(request).filter(([name]) => name !== cookieName);
  if (cookies.length > 0) headers['cookie'] = cookies.map(([name, value]) => `${name}=${value}`).join('; ');
  const shown = 'authorization' in headers || 'x-ray-authorization' in headers;
  if (token !== undefined && !shown) headers['authorization'] = `Bearer ${token}`;
  return headers;
}

/** A response's headers as they came, less those of the hop; pairs, so that repeated ones stay apart. */
export function returnedHeaders({ rawHeaders }: IncomingMessage): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    if (!['connection', 'keep-alive', 'transfer-encoding'].includes(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

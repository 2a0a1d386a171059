// Who may pass the local proxy. It adds the cluster's token to requests, so it must know that they come from the renter:
// not from another user of this machine, not from a web page, not from a name that was rebound to 127.0.0.1.
import type { IncomingMessage } from 'node:http';
import { equalBytes, randomBytes, sha256, toBase64url } from '@iog/seal';

export type Passage =
  | { readonly kind: 'refused'; readonly status: number; readonly sentence: string }
  | { readonly kind: 'login'; readonly cookie: string }
  /** The request has shown Ray's token itself. */
  | { readonly kind: 'own-token' }
  /** The browser has logged in: add the token for it. */
  | { readonly kind: 'logged-in' };

export interface ProxyGate {
  /** A path that logs one browser in, once. */
  readonly newLoginPath: () => string;
  readonly check: (request: IncomingMessage) => Passage;
  readonly cookieName: string;
}

const loginsOpen = 16;

/** `port` is asked at each request, for it is known only once the proxy listens. Without a token Ray itself decides, and nothing is added. */
export function proxyGate({ token, port }: { readonly token: string | undefined; readonly port: () => number }): ProxyGate {
  const logins = new Set<string>();
  // Cookies do not know ports: without a name of its own, one proxy would log another out.
  const cookieName = `iog-${toBase64url(randomBytes(6))}`;
  const cookieSecret = toBase64url(randomBytes(32));

  function check(request: IncomingMessage): Passage {
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const { host, origin } = request.headers;
    if (host === undefined || !hosts.includes(host)) return refused(421, `This proxy answers only to http://${hosts[0]}.`);

    const login = /^\/_iog\/([A-Za-z0-9_-]{43})$/.exec(request.url ?? '')?.[1];
    if (login !== undefined) {
      if (!logins.delete(login)) return refused(410, 'This link was used already. Run `iog ray <cluster>` again: it prints a new one.');
      return { kind: 'login', cookie: `${cookieName}=${cookieSecret}; Path=/; HttpOnly; SameSite=Strict` };
    }
    if (token === undefined) return { kind: 'own-token' };
    if (bearers(request).some((bearer) => same(bearer, token))) return { kind: 'own-token' };

    // SameSite takes another port of this host for the same site: look at where the request comes from.
    const site = request.headers['sec-fetch-site'];
    const foreign =
      (origin !== undefined && !hosts.includes(origin.replace('http://', ''))) || site === 'cross-site' || site === 'same-site';
    if (foreign) return refused(403, 'A page of another site may not use this proxy.');
    const cookies = cookiesOf(request);
    if (cookies.some(([name, value]) => name === cookieName && same(value, cookieSecret))) return { kind: 'logged-in' };
    if (cookies.some(([name, value]) => name === 'ray-authentication-token' && same(value, token))) return { kind: 'own-token' };
    return refused(401, "Send the cluster's token as `Authorization: Bearer …`, or open the link that `iog ray <cluster>` printed.");
  }

  function newLoginPath(): string {
    for (const oldest of logins) if (logins.size >= loginsOpen) logins.delete(oldest);
    const secret = toBase64url(randomBytes(32));
    logins.add(secret);
    return `/_iog/${secret}`;
  }

  return { check, newLoginPath, cookieName };
}

export function cookiesOf(request: IncomingMessage): [name: string, value: string][] {
  return (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes('='))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
}

function bearers({ headers }: IncomingMessage): string[] {
  return [headers.authorization, headers['x-ray-authorization']]
    .filter((value) => typeof value === 'string')
    .map((value) => /^Bearer (.+)$/i.exec(value)?.[1])
    .filter((value) => value !== undefined);
}

// Hashed first, so that the time tells not even the length.
function same(given: string, wanted: string): boolean {
  return equalBytes(sha256(given), sha256(wanted));
}

function refused(status: number, sentence: string): Passage {
  return { kind: 'refused', status, sentence };
}

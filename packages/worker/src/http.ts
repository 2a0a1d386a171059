// Small HTTP to control, signed by the device. Every exchange has a limit in time and in bytes.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { sha256hex, signRequest, toBase64url } from '@iog/seal';
import { urlsOf } from './network-urls.ts';
import type { Clock, Random } from './ports.ts';

const timeoutMs = 20_000;
const mostJsonBytes = 1_000_000;

export interface HttpAsk {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mostBytes?: number;
}
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}
export type Http = (ask: HttpAsk) => Promise<HttpAnswer>;

/**
 * Plain requests, unsigned: for what is open to anyone. Rejects on a broken link, a timeout, or an answer that is too long. `url` may name
 * several controls of one network (see network-urls.ts): what one refuses to connect goes to the next.
 */
export function openHttp(url: string): Http & { close(): void } {
  const all = urlsOf(url).map(openOne);
  let at = 0;
  const exchange: Http = async (ask) => {
    for (let tries = 1; ; tries++) {
      const used = at;
      try {
        return await (all[used] as Http)(ask);
      } catch (error) {
        if (at === used) at = (at + 1) % all.length;
        // Nothing was sent yet; after anything else, who asked decides whether to ask again.
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || tries >= all.length) throw error;
      }
    }
  };
  return Object.assign(exchange, { close: () => all.forEach((each) => each.close()) });
}

function openOne(url: string): Http & { close(): void } {
  const base = new URL(url);
  const isTls = base.protocol === 'https:';
  const agent = isTls ? new HttpsAgent({ keepAlive: true, maxSockets: 8 }) : new HttpAgent({ keepAlive: true, maxSockets: 8 });
  const exchange: Http = ({ method, path, body, type, headers = {}, mostBytes = mostJsonBytes }) =>
    new Promise((resolve, reject) => {
      const sent = body === undefined ? {} : { 'content-type': type ?? 'application/json', 'content-length': String(body.length) };
      const target = new URL(base.pathname.replace(/\/+$/, '') + path, base);
      const call = (isTls ? httpsRequest : httpRequest)(target, { method, agent, headers: { ...sent, ...headers } }, (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > mostBytes) call.destroy(new Error(`${method} ${path}: the answer is longer than ${mostBytes} bytes`));
          else parts.push(part);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          clearTimeout(limit);
          resolve({ status: answer.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) });
        });
      });
      const limit = setTimeout(() => call.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs} ms`)), timeoutMs);
      call.on('error', (error) => {
        clearTimeout(limit);
        reject(error);
      });
      call.end(body);
    });
  return Object.assign(exchange, { close: () => agent.destroy() });
}

export interface Signer {
  readonly device: string;
  readonly secretKey: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** The same, each request signed by the device (`Authorization: IOG-Device …`). */
export function signedHttp(http: Http, signer: Signer): Http {
  return (ask) => http({ ...ask, headers: { ...ask.headers, authorization: authorization(signer, ask.method, ask.path, ask.body) } });
}

export function authorization({ device, secretKey, clock, random }: Signer, method: string, path: string, body?: Uint8Array): string {
  const bodySha256 = sha256hex(body ?? new Uint8Array());
  return signRequest({ secretKey, device, method, path, bodySha256, atMs: clock.nowMs(), nonce: toBase64url(random(16)) });
}

/** The JSON of an answer, or an error that says what control said. */
export function jsonOf(ask: Pick<HttpAsk, 'method' | 'path'>, { status, body }: HttpAnswer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new HttpFault(status, `${ask.method} ${ask.path} answered ${status} without JSON`);
  }
  if (status >= 200 && status < 300) return value;
  const { code, detail, next } = value as { code?: unknown; detail?: unknown; next?: unknown };
  const text =
    typeof detail === 'string'
      ? `${detail} ${typeof next === 'string' ? next : ''}`.trim()
      : `${ask.method} ${ask.path} answered ${status}`;
  throw new HttpFault(status, text, typeof code === 'string' ? code : undefined);
}

export class HttpFault extends Error {
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.name = 'HttpFault';
    this.status = status;
    this.code = code;
  }
}

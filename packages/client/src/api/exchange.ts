// One HTTP exchange over node:http, and its repetition while control is away. Knows nothing of routes.
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnreachableError, UntrustedError } from './api-error.ts';
import { pauseBefore, retryAfterMs } from './retry.ts';
import { isUntrusted } from './trust.ts';

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Uint8Array;
}

const maxAnswerBytes = 256 * 1024 * 1024;
const exchangeTimeoutMs = 30_000;
const mostTries = 100;
const temporary = new Set([429, 502, 503, 504]);

export interface Wire {
  /**
   * Repeats on a lost connection, 429, 502, 503 and 504 until `patienceMs` are over: only for what may be repeated. It waits as long as
   * Retry-After says; where that is longer than what is left of its patience, the refusal is given back at once.
   */
  exchange(request: Exchange): Promise<Answer>;
  /** The answer as a stream, without repetition. */
  open(request: Exchange): Promise<http.IncomingMessage>;
  close(): void;
}

/** Opens nothing yet. Connections are kept alive and shared until `close`. `ca`: the authorities that a certificate may come from. */
export function wire(base: string, patienceMs: number, ca?: string[]): Wire {
  const url = new URL(base);
  const secure = url.protocol === 'https:';
  const shared = { keepAlive: true, maxSockets: 32 };
  const agent = secure ? new https.Agent({ ...shared, ...(ca === undefined ? {} : { ca }) }) : new http.Agent(shared);
  const prefix = url.pathname.replace(/\/$/, '');

  function send(request: Exchange): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options: https.RequestOptions = {
        agent,
        method: request.method,
        protocol: url.protocol,
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: prefix + request.path,
        headers: { ...request.headers, ...(request.body === undefined ? {} : { 'content-length': String(request.body.byteLength) }) },
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      };
      const sent = (secure ? https : http).request(options, resolve);
      sent.setTimeout(exchangeTimeoutMs, () => sent.destroy(new Error(`no answer in ${exchangeTimeoutMs / 1000} s`)));
      sent.once('error', reject);
      sent.end(request.body);
    });
  }

  async function exchange(request: Exchange): Promise<Answer> {
    const until = Date.now() + patienceMs;
    for (let tries = 1; ; tries++) {
      const outcome = await attempt(request);
      const again = outcome instanceof Error || temporary.has(outcome.status);
      if (!again) return outcome;
      if (request.signal?.aborted === true) throw request.signal.reason;
      if (outcome instanceof Error && isUntrusted(outcome)) throw new UntrustedError(base, saying(outcome).split(';', 1)[0] ?? '');
      const pauseMs = pauseBefore(tries, outcome instanceof Error ? 0 : retryAfterMs(outcome.headers['retry-after']), Math.random());
      if (tries >= mostTries || Date.now() + pauseMs > until) {
        if (outcome instanceof Error) throw new UnreachableError(base, saying(outcome));
        return outcome;
      }
      await sleep(pauseMs, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }

  async function attempt(request: Exchange): Promise<Answer | Error> {
    try {
      const message = await send(request);
      return { status: message.statusCode ?? 0, headers: message.headers, body: await bytesOf(message) };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  return { exchange, open: send, close: () => agent.destroy() };
}

/** The whole body, bounded. */
export async function bytesOf(message: http.IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxAnswerBytes) {
      message.destroy();
      throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`);
    }
    chunks.push(chunk);
  }
  if (!message.complete) throw new Error('the answer was cut off');
  return Buffer.concat(chunks);
}

// A refused connection to a name with several addresses is an AggregateError with an empty message.
function saying(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return error.message === '' ? (code ?? error.name) : error.message;
}

// A cluster's events as one endless sequence over any number of connections: after a cut it goes on behind the last number seen.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterEvent } from '@iog/protocol';
import { ApiError, problemFrom } from './api-error.ts';
import { bytesOf, type Wire } from './exchange.ts';
import { pauseBefore, retryAfterMs } from './retry.ts';
import { sseParser } from './sse.ts';

export interface EventSource {
  path(after: number): string;
  headers(): Readonly<Record<string, string>>;
}

// Longer than any server stays silent: it sends a comment line every few seconds.
const silentAfterMs = 45_000;
const longestToldMs = 60_000;

/** Ends when `signal` fires; throws ApiError for a refusal that waiting does not mend. */
export async function* eventStream(link: Wire, source: EventSource, after: number, signal: AbortSignal): AsyncGenerator<ClusterEvent> {
  let last = after;
  for (let tries = 1; !signal.aborted; tries++) {
    let toldMs = 0;
    try {
      for await (const event of oneConnection(link, source, last, signal)) {
        if (event.seq <= last) continue;
        last = event.seq;
        tries = 1;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.problem.status < 500 && error.problem.status !== 429) throw error;
      if (error instanceof ApiError) toldMs = Math.min(error.retryAfterMs, longestToldMs);
    }
    await sleep(pauseBefore(tries, toldMs, Math.random()), undefined, { signal }).catch(() => undefined);
  }
}

async function* oneConnection(link: Wire, source: EventSource, after: number, signal: AbortSignal): AsyncGenerator<ClusterEvent> {
  const headers = { ...source.headers(), accept: 'text/event-stream' };
  const message = await link.open({ method: 'GET', path: source.path(after), headers, signal });
  const status = message.statusCode ?? 0;
  if (status >= 300) throw new ApiError(problemFrom(status, await bytesOf(message)), retryAfterMs(message.headers['retry-after']));
  message.setTimeout(silentAfterMs, () => message.destroy());
  const parser = sseParser();
  for await (const chunk of message as AsyncIterable<Buffer>) {
    for (const { data } of parser.push(chunk)) yield JSON.parse(data) as ClusterEvent;
  }
}

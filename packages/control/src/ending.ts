// How control ends: nobody comes in, what is under way is finished and said, then sessions, streams and the store close. Nothing acknowledged is lost.
import type { FastifyInstance } from 'fastify';
import type { Brain } from './brain.ts';
import type { Traffic } from './http/traffic.ts';
import { stopLimits } from './limits.ts';
import type { MeteredStore } from './metrics/metered-store.ts';
import type { Log } from './ports.ts';

export interface Ending {
  readonly crowd: Traffic;
  readonly mind: Brain;
  readonly app: FastifyInstance;
  readonly store: MeteredStore;
  readonly log: Log;
  /** What else is open and closes at once, before the server does. */
  closeRest(this: void): Promise<void>;
}

/** A caller meanwhile hears 503 with Retry-After. Whoever waits longer than the limit is cut off; its request may have been done, and is repeated by its key. */
export async function endInOrder({ crowd, mind, app, store, log, closeRest }: Ending): Promise<void> {
  const startedMs = performance.now();
  const told = (event: string): void =>
    log({
      level: 'info',
      event,
      requests: crowd.underWay(),
      commits: store.commitsWaiting(),
      ...mind.hub.load(),
      ms: Math.round(performance.now() - startedMs),
    });
  crowd.close();
  told('stop.begun');
  await untilQuiet(crowd, startedMs + stopLimits.requestsMs, () => told('stop.waits'));
  // Ends with the sessions: workers hear that control will be back.
  await mind.stop();
  await closeRest();
  await app.close();
  await store.close();
  told('stop.done');
}

const pollMs = 10;

async function untilQuiet(crowd: Traffic, untilMs: number, tell: () => void): Promise<void> {
  let tellAtMs = performance.now() + stopLimits.tellEveryMs;
  while (crowd.underWay() > 0 && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    if (performance.now() < tellAtMs) continue;
    tell();
    tellAtMs = performance.now() + stopLimits.tellEveryMs;
  }
}

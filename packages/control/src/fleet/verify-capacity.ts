// Verifies capacity answers in one thread of its own, so that the work of a check never holds up sessions and decisions.
import { Worker } from 'node:worker_threads';
import type { CapacityDemand } from '@iog/core';
import type { Check, Checked } from './verify-thread.ts';

export interface CapacityVerifier {
  /**
   * A lottery of one of the demand's threads: its work is done again. False for a wrong answer, or one of another length.
   * Rejects when too many checks wait already, when the thread fails, and after `stop`.
   */
  verify(this: void, demand: CapacityDemand, digests: readonly string[]): Promise<boolean>;
  /** Ends the thread; the checks that wait are rejected. */
  stop(): Promise<void>;
}

/** Checks that may wait: a device has one at a time, and one takes a fraction of the demand's `withinMs`. */
const checksMax = 256;

interface Waiting {
  readonly resolve: (ok: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** The thread begins with the first check, and anew after it has failed. */
export function capacityVerifier(random: (bytes: number) => Uint8Array, limit = checksMax): CapacityVerifier {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let checks = 0;
  let stopped = false;

  const failAll = (error: Error): void => {
    const all = [...waiting.values()];
    waiting.clear();
    for (const { reject } of all) reject(error);
  };
  const begin = (): Worker => {
    const begun = new Worker(new URL('./verify-thread.ts', import.meta.url));
    begun.on('message', ({ n, ok }: Checked) => {
      waiting.get(n)?.resolve(ok);
      waiting.delete(n);
    });
    const ended = (error: Error): void => {
      if (thread !== begun) return;
      thread = undefined;
      failAll(error);
    };
    begun.on('error', ended);
    begun.on('exit', () => ended(new Error('the thread of capacity checks ended')));
    return begun;
  };

  return {
    verify(demand, digests) {
      if (stopped) return Promise.reject(new Error('capacity checks have stopped'));
      if (waiting.size >= limit) return Promise.reject(new Error(`${limit} capacity checks wait already`));
      const drawn = random(2);
      const i = (((drawn[0] ?? 0) << 8) | (drawn[1] ?? 0)) % demand.threads;
      const digest = digests[i];
      if (digests.length !== demand.threads || digest === undefined) return Promise.resolve(false);
      const { salt, memoryKib, passes, links } = demand;
      const n = checks++;
      return new Promise((resolve, reject) => {
        waiting.set(n, { resolve, reject });
        thread ??= begin();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of worker_threads has no origin
        thread.postMessage({ n, salt, thread: i, memoryKib, passes, links, digest } satisfies Check);
      });
    },
    async stop() {
      stopped = true;
      const last = thread;
      thread = undefined;
      failAll(new Error('capacity checks have stopped'));
      await last?.terminate();
    },
  };
}

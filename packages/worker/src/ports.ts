// The outside as the worker sees it: time, timers, randomness and its log. Real here; a simulation gives its own.
import { randomBytes } from 'node:crypto';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [detail: string]: string | number | boolean | undefined;
}
export type Log = (line: LogLine) => void;

export interface Timer {
  cancel(): void;
}

/** `monoMs` is the device's monotonic clock (since boot); it alone dates samples. `nowMs` is its wall clock and decides nothing. */
export interface Clock {
  nowMs(): number;
  monoMs(): number;
  after(delayMs: number, run: () => void): Timer;
}

export const realClock: Clock = {
  nowMs: () => Date.now(),
  monoMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** `bytes` random bytes. */
export type Random = (bytes: number) => Uint8Array;
export const realRandom: Random = (bytes) => new Uint8Array(randomBytes(bytes));

/** Waits, or ends early (without an error) when `signal` fires. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** What an unknown error says, in one bounded line. */
export function saying(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 500);
}

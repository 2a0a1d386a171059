// Waiting on control's clock: again and again, and at the latest.
import type { Clock, Timer } from '../ports.ts';

/** When the work is done, at the latest after so long. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, resolve);
  await Promise.race([work, late]);
  timer.cancel();
}

/** Again and again, until it is stopped. */
export function every(clock: Clock, ms: number, run: () => void): () => void {
  let timer: Timer;
  const again = (): void => {
    timer = clock.after(ms, () => (again(), run()));
  };
  again();
  return () => timer.cancel();
}

// Waiting on control's clock: again and again, at the latest, and for thousands at once under one timer.
import type { Clock, Timer } from '../ports.ts';

/** When the work is done, at the latest after so long. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, resolve);
  await Promise.race([work, late]);
  timer.cancel();
}

/** Again and again, until it is stopped. */
export function every(clock: Pick<Clock, 'after'>, ms: number, run: () => void): () => void {
  let timer: Timer;
  const again = (): void => {
    timer = clock.after(ms, () => (again(), run()));
  };
  again();
  return () => timer.cancel();
}

/** Timers for many, in steps of a grain: one timer of the clock is set, for the earliest. Each comes up to a grain late. */
export function coarseTimers({ now, after }: Clock, grainMs: number): Pick<Clock, 'after'> {
  const slots = new Map<number, Set<() => void>>();
  let armed: { readonly slot: number; readonly timer: Timer } | undefined;
  const arm = (): void => {
    if (slots.size === 0) return;
    const first = Math.min(...slots.keys());
    if (armed && armed.slot <= first) return;
    armed?.timer.cancel();
    armed = { slot: first, timer: after(Math.max(1, first * grainMs - now()), turn) };
  };
  const turn = (): void => {
    // Its slot is due by the timer that came for it, whatever the clock says.
    const upTo = Math.max(armed?.slot ?? 0, Math.floor(now() / grainMs));
    armed = undefined;
    const due = [...slots.keys()].filter((slot) => slot <= upTo).toSorted((a, b) => a - b);
    for (const slot of due) {
      const runs = slots.get(slot) ?? [];
      slots.delete(slot);
      for (const run of runs) run();
    }
    arm();
  };
  const cancel = (slot: number, runs: Set<() => void>, entry: () => void): void => {
    runs.delete(entry);
    if (runs.size === 0 && slots.get(slot) === runs) slots.delete(slot);
    // Nothing of it keeps a process that is done; else it may wake once in vain.
    if (slots.size > 0 || !armed) return;
    armed.timer.cancel();
    armed = undefined;
  };
  return {
    after(delayMs, run) {
      const slot = Math.ceil((now() + delayMs) / grainMs);
      const runs = slots.get(slot) ?? new Set();
      // Of its own, so that the same function may wait twice.
      const entry = (): void => run();
      slots.set(slot, runs.add(entry));
      arm();
      return { cancel: () => cancel(slot, runs, entry) };
    },
  };
}

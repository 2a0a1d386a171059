// A loop takes no input: it looks at the rows and does one idempotent step, again and again; a wake-up makes it look at one row sooner.
import type { Instant } from '@iog/protocol';
import type { ControlPorts, Log, Timer } from './ports.ts';

export interface Loop {
  readonly name: string;
  readonly everyMs: number;
  /** With the id of what has changed, that alone is looked at; without, all. */
  wake(this: void, id?: string): void;
  /** When the last step ended that did not fail; when the loop was made, before the first. */
  steppedAt(this: void): Instant;
  /** Stops after the step that is running. */
  stop(): Promise<void>;
}

/** Runs `step` every `everyMs` over all (no ids), and at once over what it was woken for; a step that fails is logged and tried again. */
export function loop(
  name: string,
  everyMs: number,
  { clock, log, meter }: Pick<ControlPorts, 'clock' | 'log' | 'meter'>,
  step: (woken: readonly string[] | undefined) => Promise<void>,
): Loop {
  const woken = new Set<string>();
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let allDueAt = Number.NEGATIVE_INFINITY;
  let stopped = false;
  let wokenAt = clock.now();
  let steppedAt = wokenAt;

  const isDue = (): boolean => woken.size > 0 || clock.now() >= allDueAt;
  const once = async (ids: readonly string[] | undefined, dueAt: Instant): Promise<void> => {
    const startedAt = clock.now();
    meter.time('loop_lag', { loop: name }, Math.max(0, startedAt - dueAt));
    try {
      await step(ids);
      steppedAt = clock.now();
    } catch (error) {
      meter.count('loop_failures', { loop: name });
      logFailure(log, name, error);
    }
    meter.time('loop_step', { loop: name }, clock.now() - startedAt);
  };
  const run = async (): Promise<void> => {
    do {
      const isAll = clock.now() >= allDueAt;
      const ids = isAll ? undefined : [...woken];
      const dueAt = isAll && Number.isFinite(allDueAt) ? allDueAt : wokenAt;
      woken.clear();
      if (isAll) allDueAt = clock.now() + everyMs;
      await once(ids, dueAt);
      // oxlint-disable-next-line no-unmodified-loop-condition -- a wake-up or a stop changes them while a step waits
    } while (!stopped && isDue());
    running = undefined;
    look();
  };
  /** A timer may come before the clock has reached its time: then another one is set. */
  const look = (): void => {
    timer?.cancel();
    if (running || stopped) return;
    if (isDue()) running = run();
    else timer = clock.after(Math.max(1, allDueAt - clock.now()), look);
  };
  timer = clock.after(0, look);
  return {
    name,
    everyMs,
    steppedAt: () => steppedAt,
    wake(id) {
      if (woken.size === 0) wokenAt = clock.now();
      if (id === undefined) allDueAt = Number.NEGATIVE_INFINITY;
      else woken.add(id);
      look();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}

/** Steps through the items; one that fails is logged and does not keep the others from their step. */
export async function eachAlone<T>(log: Log, name: string, items: readonly T[], step: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) await step(item).catch((error: unknown) => logFailure(log, name, error));
}

function logFailure(log: Log, name: string, error: unknown): void {
  log({ level: 'error', event: 'loop.failed', loop: name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

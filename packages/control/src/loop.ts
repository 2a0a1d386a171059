// A loop takes no input: it looks at the rows and does one idempotent step, again and again; a wake-up makes it run sooner.
import type { ControlPorts, Log, Timer } from './ports.ts';

export interface Loop {
  wake(): void;
  /** Stops after the step that is running. */
  stop(): Promise<void>;
}

/** Runs `step` every `everyMs` and at once when woken; a step that fails is logged and tried again. */
export function loop(name: string, everyMs: number, { clock, log }: Pick<ControlPorts, 'clock' | 'log'>, step: () => Promise<void>): Loop {
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  const run = async (): Promise<void> => {
    do {
      again = false;
      try {
        await step();
      } catch (error) {
        logFailure(log, name, error);
      }
      // oxlint-disable-next-line no-unmodified-loop-condition -- a wake-up or a stop sets them while a step waits
    } while (again && !stopped);
    running = undefined;
    if (!stopped) timer = clock.after(everyMs, start);
  };
  const start = (): void => {
    timer?.cancel();
    if (running) again = true;
    else if (!stopped) running = run();
  };
  timer = clock.after(0, start);
  return {
    wake: start,
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

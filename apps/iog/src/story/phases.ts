// The phases of a longer story: each shown as it ends, with its time; one that stalls says every five seconds what it waits for.
import { formatDurationMs } from '@iog/protocol';

export interface Phase {
  readonly name: string;
  readonly ms: number;
}
export interface Phases {
  /** Runs `work` as the phase `name`. `waiting` may be called with what it waits for now, as often as that changes. */
  run<T>(name: string, work: (waiting: (what: string) => void) => Promise<T>): Promise<T>;
  /** A phase that was measured elsewhere. */
  past(phase: Phase): void;
  readonly done: readonly Phase[];
}

export const stallEveryMs = 5_000;
const nameWidth = 24;

/** `now` is monotonic milliseconds; `every` repeats a call until its result is called. */
export function phases(
  say: (line: string) => void,
  now: () => number = () => performance.now(),
  every: (ms: number, call: () => void) => () => void = realEvery,
): Phases {
  const done: Phase[] = [];
  const past = (phase: Phase, word = ''): void => {
    done.push(phase);
    say(`${phase.name.padEnd(nameWidth)}${formatDurationMs(phase.ms).padStart(12)}${word}`);
  };
  return {
    done,
    past,
    async run(name, work) {
      const started = now();
      let what = '';
      const cancel = every(stallEveryMs, () => {
        say(`  ${name}: ${formatDurationMs(now() - started)} so far${what === '' ? '' : `, waits for ${what}`}`);
      });
      try {
        const result = await work((next) => (what = next));
        past({ name, ms: Math.round(now() - started) });
        return result;
      } catch (error) {
        const isLeft = error instanceof Error && error.name === 'AbortError';
        say(`${name.padEnd(nameWidth)}${formatDurationMs(now() - started).padStart(12)}  ${isLeft ? 'left' : 'failed'}`);
        throw error;
      } finally {
        cancel();
      }
    },
  };
}

function realEvery(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms);
  return () => clearInterval(timer);
}

// The load: renters and a supplier who go about their business at the same time, and stop between two steps when the harness asks.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '@iog/client';
import type { ErrorCode } from '@iog/protocol';
import type { Dice } from './random.ts';

/** What may be refused to somebody who did nothing wrong: others were faster, or time has passed. */
const expected = new Set<ErrorCode>([
  'quote.expired',
  'quote.empty',
  'device.gone',
  'units.taken',
  'balance.short',
  'cluster.state',
  'cluster.full',
  'job.state',
  'receipt.open',
]);
const pauseMs = { from: 20, to: 150 };

export interface Actor {
  readonly name: string;
  step(): Promise<void>;
}

export interface Load {
  go(): void;
  /** Once every step that was under way is over. */
  rest(): Promise<void>;
  end(): Promise<void>;
  /** Operations that ended in a way that nothing explains. */
  readonly faults: readonly string[];
}

export function startLoad(actors: readonly Actor[], dice: Dice): Load {
  const faults: string[] = [];
  const over = { is: false };
  let gate = Promise.withResolvers<void>();
  let busy: Promise<void>[] = [];

  const act = async (actor: Actor): Promise<void> => {
    try {
      await actor.step();
    } catch (error) {
      if (error instanceof ApiError && expected.has(error.problem.code)) return;
      faults.push(`${actor.name}: ${error instanceof ApiError ? `${error.problem.code}: ` : ''}${String(error)}`);
    }
  };
  const live = async (actor: Actor, own: Dice): Promise<void> => {
    while (!over.is) {
      await gate.promise;
      if (over.is) return;
      const step = act(actor);
      busy.push(step);
      await step;
      await sleep(own.between(pauseMs.from, pauseMs.to));
    }
  };
  const lives = actors.map((actor) => live(actor, dice.fork()));
  const load: Load = {
    faults,
    go: () => gate.resolve(),
    async rest() {
      gate.resolve();
      gate = Promise.withResolvers<void>();
      while (busy.length > 0) {
        const waited = busy;
        busy = [];
        await Promise.all(waited);
      }
    },
    async end() {
      await load.rest();
      over.is = true;
      gate.resolve();
      await Promise.all(lives);
    },
  };
  return load;
}

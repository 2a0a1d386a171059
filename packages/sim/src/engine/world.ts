// The engine: one queue of events under a virtual clock, processes that can die, and a trace of all that happened.
import { createHash } from 'node:crypto';
import { type Chance, chance } from './chance.ts';
import { type Due, Heap } from './heap.ts';
import { Proc } from './proc.ts';

export interface Timer {
  cancel(): void;
}

interface Event extends Due {
  at: number;
  order: number;
  readonly label: string;
  readonly owner: Proc | undefined;
  /** The owner's life that asked for it: a later life has forgotten it. */
  readonly life: number;
  readonly run: () => void;
  isCancelled: boolean;
}

export interface Happened {
  readonly at: number;
  readonly step: number;
  readonly what: string;
}

const happeningsKept = 20_000;

export class World {
  readonly seed: number;
  /** True time, in milliseconds. What processes call the time may differ. */
  now: number;
  step = 0;
  /** What lies outside this world and is being waited for; undefined where nothing is. */
  outside: () => Promise<unknown> | undefined = () => undefined;
  readonly #queue = new Heap<Event>();
  readonly #chances = new Map<string, Chance>();
  readonly #trace = createHash('sha256');
  readonly #happened: Happened[] = [];
  #order = 0;

  constructor(seed: number, now: number) {
    this.seed = seed;
    this.now = now;
  }

  /** The stream of randomness of one name. */
  chance(name: string): Chance {
    const known = this.#chances.get(name) ?? chance(this.seed, name);
    this.#chances.set(name, known);
    return known;
  }

  proc(name: string): Proc {
    return new Proc(this, name);
  }

  /** Runs later; never, when its owner dies before. */
  after(delayMs: number, owner: Proc | undefined, label: string, run: () => void): Timer {
    const at = this.now + Math.max(0, Math.ceil(delayMs));
    const event: Event = { at, order: this.#order++, label, owner, life: owner?.life ?? 0, run, isCancelled: false };
    this.#queue.push(event);
    return { cancel: () => (event.isCancelled = true) };
  }

  /** Notes what happened, for the trace's hash and for whoever asks why. */
  tell(what: string): void {
    this.#trace.update(`${this.now} ${what}\n`);
    this.#happened.push({ at: this.now, step: this.step, what });
    if (this.#happened.length > 2 * happeningsKept) this.#happened.splice(0, happeningsKept);
  }

  /** What happened of late and speaks of any of these names, oldest first. */
  story(names: readonly string[], most: number): readonly Happened[] {
    return this.#happened.filter(({ what }) => names.length === 0 || names.some((name) => what.includes(name))).slice(-most);
  }

  hash(): string {
    return this.#trace.copy().digest('hex');
  }

  /** One event after the other, until this time; `afterEach` looks at the world between two. Ends early where `afterEach` gives true. */
  async run(untilMs: number, afterEach: () => boolean): Promise<void> {
    for (let event = this.#queue.first; event !== undefined && event.at <= untilMs; event = this.#queue.first) {
      this.#queue.pop();
      const { owner, life, label, run } = event;
      if (event.isCancelled || (owner !== undefined && (!owner.isAlive || owner.life !== life))) continue;
      if (owner !== undefined && owner.frozenUntilMs > event.at) {
        event.at = owner.frozenUntilMs;
        event.order = this.#order++;
        this.#queue.push(event);
        continue;
      }
      this.now = Math.max(this.now, event.at);
      this.step += 1;
      if (label !== '') this.#trace.update(`${this.now} ${owner?.name ?? ''} ${label}\n`);
      run();
      // Promises that this event has settled go on before the next one.
      await drained();
      for (let busy = this.outside(); busy !== undefined; busy = this.outside()) {
        await busy;
        await drained();
      }
      if (afterEach()) return;
    }
    this.now = Math.max(this.now, untilMs);
  }
}

function drained(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

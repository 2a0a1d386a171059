// A process of the simulated network: it lives, freezes and dies; each port call of it is a place to die at.
import type { Timer, World } from './world.ts';

/** Thrown into the code of a process that has just died; nothing that it still does has any effect. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** `amid`: only a part of what was to be written is there. */
export type When = 'before' | 'amid' | 'after';

export interface CrashPoint {
  readonly when: When;
  /** What the call's name begins with: `store.commit`, `disk`, `` for any. */
  readonly call: string;
  /** How many such calls go well first. */
  skip: number;
  readonly dies: () => void;
}

export class Proc {
  readonly name: string;
  readonly #world: World;
  isAlive = false;
  /** Counts its starts. */
  life = 0;
  frozenUntilMs = 0;
  /** What its wall clock is ahead of true time. */
  skewMs = 0;
  crashPoint: CrashPoint | undefined;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  start(): void {
    this.isAlive = true;
    this.life += 1;
    this.frozenUntilMs = 0;
    this.#world.tell(`${this.name} starts`);
  }

  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.crashPoint = undefined;
    this.#world.tell(`${this.name} dies`);
  }

  after(delayMs: number, label: string, run: () => void): Timer {
    return this.#world.after(delayMs, this, label, run);
  }

  /** Time passes; in a process that dies meanwhile nothing follows. */
  pause(delayMs: number, label: string): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, label, resolve);
    });
  }

  /** A guard for one life: false as soon as this life is over. */
  lives(): () => boolean {
    const { life } = this;
    return () => this.isAlive && this.life === life;
  }

  /** To be asked around each port call; true where the process has just died of it. */
  diesAt(when: When, call: string): boolean {
    const point = this.crashPoint;
    if (point === undefined || point.when !== when || !call.startsWith(point.call)) return false;
    if (point.skip-- > 0) return false;
    this.crashPoint = undefined;
    this.#world.tell(`${this.name} crashes ${when} ${call}`);
    point.dies();
    return true;
  }
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

// Watches the network while it runs: every commit against the laws, every promise against what is kept, every log line for what must not be.
import type { Row } from '@iog/core';
import { checkLaws, laws as standing } from '@iog/control/sim';
import { laws } from './laws.ts';
import { Mirror } from './mirror.ts';
import { type World, untrue } from './truth.ts';

export interface Broken {
  readonly law: string;
  readonly detail: string;
  readonly at: number;
  readonly step: number;
  /** The ids of what is involved. */
  readonly ids: readonly string[];
}

/** Something that was acknowledged to a caller: `kept` says later whether it still stands. */
export interface Promised {
  readonly what: string;
  readonly kept: (rows: Mirror) => boolean;
}

/** Laws over all rows of a kind: a part of them cannot be asked. */
const ofTheWhole: ReadonlySet<string> = new Set([
  'everyCurrencySumsToZero',
  'everyBalanceIsItsEntries',
  'everyKeySpendsWhatItsClustersHold',
  'everyClusterKnowsItsJobs',
  'everyStoryIsWhole',
]);

export class Court {
  readonly rows = new Mirror();
  readonly promises: Promised[] = [];
  #broken: Broken | undefined;
  readonly #moment: () => { at: number; step: number };
  /** Set once there is a world to compare with. */
  world: World | undefined;

  constructor(moment: () => { at: number; step: number }) {
    this.#moment = moment;
  }

  /** The first law that was broken: what comes after may only follow from it. */
  get broken(): Broken | undefined {
    return this.#broken;
  }

  breaks(law: string, detail: string): void {
    this.#broken ??= {
      law,
      detail,
      ...this.#moment(),
      ids: [...new Set(detail.match(/(?:acc|key|dev|clu|lea|job|ent)_[0-9a-z]{26}/g) ?? [])],
    };
  }

  committed(writes: readonly Row[], deletes: readonly { kind: string; id: string }[]): void {
    const touched = this.rows.take(writes, deletes);
    for (const each of touched) {
      for (const { name, broken } of laws) {
        const detail = broken(each);
        if (detail !== undefined) this.breaks(name, detail);
      }
      const wrong = this.world && untrue(each, this.rows, this.world);
      if (wrong) this.breaks(wrong.law, wrong.detail);
    }
    const books = this.rows.beside(touched);
    for (const [name, holds] of Object.entries(standing)) {
      if (ofTheWhole.has(name)) continue;
      for (const { subject, detail } of holds(books)) this.breaks(name, `${subject}: ${detail}`);
    }
  }

  /** All laws over all rows. */
  isLawful(): void {
    for (const { law, subject, detail } of checkLaws(this.rows.rows())) this.breaks(law, `${subject}: ${detail}`);
  }

  promised(promise: Promised): void {
    this.promises.push(promise);
  }

  keepsPromises(): void {
    for (const { what, kept } of this.promises) if (!kept(this.rows)) this.breaks('10 what was acknowledged is kept', what);
  }

  /** At rest: nobody asks for anything any more, and nothing is wrong with the world. */
  isAtRest(): void {
    for (const what of this.restless()) this.breaks('9 the network comes to rest', what);
  }

  /** What is still on its way. */
  restless(): string[] {
    const open = (kind: 'cluster' | 'lease' | 'job', over: readonly string[]): string[] =>
      this.rows
        .all(kind)
        .flatMap((row) =>
          over.includes(row.state) ? [] : [`${row.id} is still ${row.state}: ${'waitsFor' in row ? row.waitsFor : row.detail}`],
        );
    return [...open('cluster', ['ended']), ...open('lease', ['settled']), ...open('job', ['succeeded', 'failed', 'stopped', 'lost'])];
  }
}

// What a run counts, and the table that it prints at its end.
import type { Journal } from './journal.ts';
import type { Blow } from './plan.ts';

export interface Tally {
  readonly startedMs: number;
  journal: Journal | undefined;
  receipts: number;
  rounds: number;
  torn: number;
  readonly kills: Map<string, number>;
  count(blow: Blow, at: string, torn: boolean): void;
}

export function newTally(): Tally {
  const kills = new Map<string, number>();
  const tally: Tally = {
    startedMs: performance.now(),
    journal: undefined,
    receipts: 0,
    rounds: 0,
    torn: 0,
    kills,
    count({ victim }, at, torn) {
      const name = `${victim} ${at}`;
      kills.set(name, (kills.get(name) ?? 0) + 1);
      tally.rounds += 1;
      tally.torn += torn ? 1 : 0;
    },
  };
  return tally;
}

export interface Report {
  readonly seed: number;
  readonly rounds: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly tornTails: number;
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly receipts: number;
  readonly lost: number;
  readonly lawsBroken: number;
  readonly seconds: number;
}

export function reportOf(tally: Tally, seed: number, lost: number, lawsBroken: number): Report {
  const acknowledged: Record<string, number> = {};
  for (const { route } of tally.journal?.entries ?? []) acknowledged[route] = (acknowledged[route] ?? 0) + 1;
  return {
    seed,
    rounds: tally.rounds,
    kills: Object.fromEntries([...tally.kills].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    tornTails: tally.torn,
    acknowledged,
    receipts: tally.receipts,
    lost,
    lawsBroken,
    seconds: Math.round((performance.now() - tally.startedMs) / 1_000),
  };
}

export function tableOf(report: Report): string {
  const total = Object.values(report.acknowledged).reduce((sum, count) => sum + count, 0);
  const rows: [string, number][] = [
    ['rounds', report.rounds],
    ...Object.entries(report.kills).map(([name, count]): [string, number] => [`  killed: ${name}`, count]),
    ['torn tails', report.tornTails],
    ['acknowledged operations', total],
    ...Object.entries(report.acknowledged).map(([name, count]): [string, number] => [`  ${name}`, count]),
    ['receipts', report.receipts],
    ['lost', report.lost],
    ['laws broken', report.lawsBroken],
    ['seconds', report.seconds],
    ['seed', report.seed],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, count]) => `${name.padEnd(width)}  ${String(count).padStart(6)}`).join('\n');
}

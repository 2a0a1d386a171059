// What a run has reached: states, transitions, answers, error codes, log events and kinds of faults, each with its count.
import { type Row, timeIsOver } from '@iog/core';

export type Counts = Record<string, number>;

export class Coverage {
  readonly counts: Counts = {};
  readonly #states = new Map<string, string>();

  fault(kind: string): void {
    this.#count(`fault ${kind}`);
  }

  answered(route: string, status: number, code: string): void {
    this.#count(`route ${route} ${status < 400 ? 'ok' : 'refused'}`);
    if (code !== '') this.#count(`error ${code}`);
  }

  logged(event: string): void {
    this.#count(`log ${event}`);
  }

  committed(rows: readonly Row[]): void {
    for (const row of rows) {
      if (row.kind === 'minute' && row.verdict) {
        this.#count(`minute ${row.verdict.kind}`);
        for (const { code } of row.verdict.grounds) this.#count(`ground ${code}`);
      }
      if (row.kind === 'entry') this.#count(`entry ${row.entry}`);
      if (row.kind === 'event' && row.event === 'cluster.extended') this.#count('cluster extended');
      if (row.kind === 'lease' && row.endReason === timeIsOver && row.state === 'settled') this.#count('lease over in time');
      if (row.kind === 'cluster' && row.endReason !== null) this.#moves('end of cluster', row.id, row.endReason);
      if ('state' in row) this.#moves(row.kind, row.id, row.state);
      if (row.kind === 'lease') this.#moves('step', row.id, row.step);
    }
  }

  #moves(kind: string, id: string, state: string): void {
    const name = `${kind} ${id}`;
    const before = this.#states.get(name);
    if (before === state) return;
    this.#states.set(name, state);
    this.#count(`${kind} ${before ?? '-'} > ${state}`);
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

export function together(all: readonly Counts[]): Counts {
  const sum: Counts = {};
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

// Every row as the commits left it, beside the store: laws look here, and the store is compared with it.
import type { Row, RowMap } from '@iog/core';

export interface Touched {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

export class Mirror {
  readonly #rows = new Map<string, Row>();
  readonly #moved = new Map<string, bigint>();
  readonly #provenMs = new Map<string, number>();

  get<K extends Row['kind']>(kind: K, id: string): RowMap[K] | undefined {
    return this.#rows.get(`${kind} ${id}`) as RowMap[K] | undefined;
  }

  all<K extends Row['kind']>(kind: K): RowMap[K][] {
    return [...this.#rows.values()].filter((row) => row.kind === kind) as unknown as RowMap[K][];
  }

  get size(): number {
    return this.#rows.size;
  }

  /** What the entries have moved into an account so far. */
  moved(account: string): bigint {
    return this.#moved.get(account) ?? 0n;
  }

  /** The time of a lease's minutes that were proven. */
  provenMs(lease: string): number {
    return this.#provenMs.get(lease) ?? 0;
  }

  take(writes: readonly Row[], deletes: readonly { kind: string; id: string }[]): Touched[] {
    const touched = writes.map((row) => {
      const name = `${row.kind} ${row.id}`;
      const before = this.#rows.get(name);
      this.#rows.set(name, row);
      this.#count(before, row);
      return { before, after: row };
    });
    for (const { kind, id } of deletes) {
      touched.push({ before: this.#rows.get(`${kind} ${id}`), after: undefined } as unknown as (typeof touched)[number]);
      this.#rows.delete(`${kind} ${id}`);
    }
    return touched;
  }

  #count(before: Row | undefined, row: Row): void {
    if (row.kind === 'entry' && !before) {
      for (const { account, amountMicro } of row.lines) this.#moved.set(account, this.moved(account) + amountMicro);
    }
    const wasDecided = before?.kind === 'minute' && before.verdict !== null;
    if (row.kind === 'minute' && row.verdict?.kind === 'proven' && !wasDecided) {
      this.#provenMs.set(row.lease, this.provenMs(row.lease) + row.to - row.from);
    }
  }
}

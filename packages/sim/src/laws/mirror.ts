// Every row as the commits left it, as the network's own laws ask for it: all of it, or what one commit has touched.
import type { LeaseRow, MinuteRow, Row, RowMap } from '@iog/core';
import type { Books } from '@iog/control/sim';

export interface Touched {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

export class Mirror implements Books {
  readonly #kinds = new Map<string, Map<string, Row>>();
  readonly #leases = new Map<string, Set<string>>();
  readonly #minutes = new Map<string, MinuteRow[]>();

  one<K extends Row['kind']>(kind: K, id: string): RowMap[K] | undefined {
    return this.#kinds.get(kind)?.get(id) as RowMap[K] | undefined;
  }

  all<K extends Row['kind']>(kind: K): readonly RowMap[K][] {
    return [...(this.#kinds.get(kind)?.values() ?? [])] as unknown as RowMap[K][];
  }

  leasesOf(cluster: string): readonly LeaseRow[] {
    return [...(this.#leases.get(cluster) ?? [])].flatMap((id) => this.one('lease', id) ?? []);
  }

  minutesOf(lease: string): readonly MinuteRow[] {
    return (this.#minutes.get(lease) ?? []).filter((minute) => minute !== undefined);
  }

  balance(account: string): bigint {
    return this.one('balance', account)?.amountMicro ?? 0n;
  }

  rows(): Row[] {
    return [...this.#kinds.values()].flatMap((rows) => [...rows.values()]);
  }

  /** These books, with `all` of what was touched alone, and of whom it belongs to. */
  beside(touched: readonly Touched[]): Books {
    const rows = touched.flatMap(({ after }) => after ?? []);
    const owners = rows.flatMap((row) => this.#ownersOf(row));
    const seen = Map.groupBy(new Set([...rows, ...owners]), ({ kind }) => kind as string);
    return {
      all: <K extends Row['kind']>(kind: K) => (seen.get(kind) ?? []) as unknown as RowMap[K][],
      one: (kind, id) => this.one(kind, id),
      leasesOf: (cluster) => this.leasesOf(cluster),
      minutesOf: (lease) => this.minutesOf(lease),
      balance: (account) => this.balance(account),
    };
  }

  take(writes: readonly Row[], deletes: readonly { kind: string; id: string }[]): Touched[] {
    const touched: Touched[] = writes.map((row) => {
      const rows = this.#kinds.get(row.kind) ?? new Map<string, Row>();
      const before = rows.get(row.id);
      this.#kinds.set(row.kind, rows.set(row.id, row));
      if (row.kind === 'lease') this.#leases.set(row.cluster, (this.#leases.get(row.cluster) ?? new Set()).add(row.id));
      if (row.kind === 'minute') {
        const minutes = this.#minutes.get(row.lease) ?? [];
        minutes[row.k] = row;
        this.#minutes.set(row.lease, minutes);
      }
      return { before, after: row };
    });
    for (const { kind, id } of deletes) {
      touched.push({ before: this.#kinds.get(kind)?.get(id), after: undefined });
      this.#kinds.get(kind)?.delete(id);
    }
    return touched;
  }

  #ownersOf(row: Row): Row[] {
    const found: (Row | undefined)[] = [];
    if (row.kind === 'lease') found.push(this.one('cluster', row.cluster), this.one('device', row.device));
    if (row.kind === 'minute') found.push(this.one('lease', row.lease));
    if (row.kind === 'balance' && row.id.endsWith('/hold')) found.push(this.one('cluster', row.id.slice(0, -'/hold'.length)));
    if (row.kind === 'receipt') found.push(this.one('cluster', row.id));
    if (row.kind === 'device') found.push(...row.live.map(({ lease }) => this.one('lease', lease)));
    return found.filter((each) => each !== undefined);
  }
}

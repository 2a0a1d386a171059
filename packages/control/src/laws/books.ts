// The rows of a store as the laws ask for them: by kind, by id, by owner. A moment of the whole network, never a part of it.
import type { LeaseRow, MinuteRow, Row, RowMap } from '@iog/core';

/** What does not hold: which law, of which row, and the numbers that show it. */
export interface Broken {
  readonly law: string;
  readonly subject: string;
  readonly detail: string;
}

export interface Books {
  all<K extends Row['kind']>(kind: K): readonly RowMap[K][];
  one<K extends Row['kind']>(kind: K, id: string): RowMap[K] | undefined;
  leasesOf(cluster: string): readonly LeaseRow[];
  /** In the order of their numbers. */
  minutesOf(lease: string): readonly MinuteRow[];
  /** What the ledger says is on an account; 0 where there is none. */
  balance(account: string): bigint;
}

export function booksOf(rows: Iterable<Row>): Books {
  const kinds = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    const kind = kinds.get(row.kind) ?? new Map<string, Row>();
    kinds.set(row.kind, kind.set(row.id, row));
  }
  const all = <K extends Row['kind']>(kind: K) => [...(kinds.get(kind)?.values() ?? [])] as unknown as RowMap[K][];
  const one = <K extends Row['kind']>(kind: K, id: string) => kinds.get(kind)?.get(id) as RowMap[K] | undefined;
  const leases = Map.groupBy(all('lease'), ({ cluster }) => cluster as string);
  const minutes = Map.groupBy(all('minute'), ({ lease }) => lease as string);
  return {
    all,
    one,
    leasesOf: (cluster) => leases.get(cluster) ?? [],
    minutesOf: (lease) => (minutes.get(lease) ?? []).toSorted((a, b) => a.k - b.k),
    balance: (account) => one('balance', account)?.amountMicro ?? 0n,
  };
}

/** One law: what it finds broken, nothing where it holds. */
export type Law = (books: Books) => readonly Omit<Broken, 'law'>[];

/** A finding where `holds` is false. */
export function unless(holds: boolean, subject: string, detail: string): readonly Omit<Broken, 'law'>[] {
  return holds ? [] : [{ subject, detail }];
}

export function sum<T>(items: readonly T[], amount: (item: T) => bigint): bigint {
  return items.reduce((total, item) => total + amount(item), 0n);
}

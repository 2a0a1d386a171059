// What was checked, law by law: how many rows each looked at, and what it found broken. For whoever operates a network.
import type { Row } from '@iog/core';
import { type Books, type Broken, booksOf } from './books.ts';
import { laws } from './check-laws.ts';

export interface LawResult {
  readonly law: string;
  /** Rows that the law went through. */
  readonly asked: number;
  readonly broken: readonly Omit<Broken, 'law'>[];
}
export interface LawReport {
  /** By kind. */
  readonly rows: Readonly<Record<string, number>>;
  readonly laws: readonly LawResult[];
  readonly holds: boolean;
}

/** All laws over all rows of a network, of one moment. */
export function lawReport(rows: readonly Row[]): LawReport {
  const books = booksOf(rows);
  const results = Object.entries(laws).map(([law, holds]) => {
    let asked = 0;
    const counted: Books = {
      ...books,
      all(kind) {
        const found = books.all(kind);
        asked += found.length;
        return found;
      },
    };
    const broken = holds(counted);
    return { law, asked, broken };
  });
  const kinds = [...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length] as const);
  const byName = kinds.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { rows: Object.fromEntries(byName), laws: results, holds: results.every(({ broken }) => broken.length === 0) };
}

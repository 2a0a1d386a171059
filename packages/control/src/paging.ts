// Pages of rows, as every list answers them: at most `limit`, and the cursor to go on after.
import type { Row, RowMap } from '@iog/core';
import { type Query, type Store, cursorOf } from './store/store.ts';

const pageRows = 100;

export interface PageAsked {
  readonly limit?: number;
  readonly after?: string;
}
export interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}
export type Listed<K extends Row['kind']> = Omit<Query, 'limit' | 'after'> & { readonly kind: K };

/** One page of an index. `view` gives what is shown of a row: nothing, one or several. */
export async function pageOf<K extends Row['kind'], T>(
  store: Store,
  listed: Listed<K>,
  { limit = pageRows, after }: PageAsked,
  view: (row: RowMap[K]) => T[] | Promise<T[]>,
): Promise<Page<T>> {
  const found = await store.query({ ...listed, limit, ...(after === undefined ? {} : { after }) });
  const items = await Promise.all(found.map(async ({ row }) => view(row as RowMap[K])));
  const last = found.length === limit ? found[found.length - 1] : undefined;
  return { items: items.flat(), next: last ? cursorOf(last.row) : null };
}

/** Sorts after all hexadecimal digits. */
const pastEveryHash = '~';

/** The same where a row stands under the hash of a secret, which a cursor must not tell: pages go on after the id that is shown, by which the index sorts. */
export async function pageOfHashed<K extends Row['kind'], T extends { readonly id: string }>(
  store: Store,
  listed: Listed<K>,
  { after, ...rest }: PageAsked,
  view: (row: RowMap[K]) => T,
): Promise<Page<T>> {
  const asked = after === undefined ? rest : { ...rest, after: cursorOf({ kind: listed.kind, id: pastEveryHash }, after) };
  const { items, next } = await pageOf(store, listed, asked, (row) => [view(row)]);
  return { items, next: next === null ? null : (items.at(-1)?.id ?? null) };
}

// Rows as handlers ask for them: by id, and those of the account that calls alone.
import type { KeyRow, Row, RowMap } from '@iog/core';
import type { Store } from './store/store.ts';
import { accountOf, refuse } from './command.ts';

/** In the order of the ids; missing ones are dropped. */
export async function rowsOf<K extends Row['kind']>(store: Store, kind: K, ids: readonly string[]): Promise<RowMap[K][]> {
  return (await store.load(ids.map((id) => ({ kind, id })))).flatMap((found) => (found ? [found.row as RowMap[K]] : []));
}

export async function rowOf<K extends Row['kind']>(store: Store, kind: K, id: string): Promise<RowMap[K] | undefined> {
  return (await rowsOf(store, kind, [id]))[0];
}

/** The row if it is the caller's: another's is not told from none. */
export function own<R extends { readonly account: string | null }>(
  row: R | undefined,
  call: { readonly key: KeyRow | undefined },
): R | undefined {
  return row?.account === accountOf(call) ? row : undefined;
}

export function missing(noun: string, id: string) {
  return refuse({ code: 'not-found', context: { noun, id } });
}

// All minutes of a lease and all entries of a cluster, page by page.
import type { EntryRow, MinuteRow } from '@iog/core';
import { type Store, cursorOf } from '../store/store.ts';

const pageRows = 1_000;

/** Every row under one place of an index. */
export async function all<R>(store: Store, kind: string, index: string, equals?: string): Promise<R[]> {
  const rows: R[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.query({
      kind,
      index,
      limit: pageRows,
      ...(equals === undefined ? {} : { equals }),
      ...(after === undefined ? {} : { after }),
    });
    rows.push(...page.map(({ row }) => row as unknown as R));
    const last = page[page.length - 1];
    if (!last || page.length < pageRows) return rows;
    after = cursorOf(last.row);
  }
}

export const minutesOf = (store: Store, lease: string): Promise<MinuteRow[]> => all<MinuteRow>(store, 'minute', 'lease', lease);
export const entriesOf = (store: Store, cluster: string): Promise<EntryRow[]> => all<EntryRow>(store, 'entry', 'subject', cluster);

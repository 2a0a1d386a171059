// The rows of a network as they are true today, read from outside, whichever store has them: for laws, backups and tests. It never writes.
import type { Row, RowMap } from '@iog/core';
import { tables } from '../tables.ts';
import { catalogOf } from './catalog.ts';
import { type StoreChoice, readBodies } from './choose.ts';

/** All rows at one moment, or those of some kinds, by kind and id. Faults: those of a store that cannot be read. */
export async function readRows<K extends Row['kind']>(store: StoreChoice, kinds?: readonly K[]): Promise<RowMap[K][]> {
  const rows: RowMap[K][] = [];
  const rowOf = rowReader();
  await readBodies(store, kinds, (body) => rows.push(rowOf(body) as RowMap[K]));
  return rows;
}

/** Reads a row's text, of this build or an earlier one. The result throws where the text is damaged. */
export function rowReader(): (body: string) => Row {
  const { rowOf } = catalogOf(tables);
  return (body) => rowOf(body) as unknown as Row;
}

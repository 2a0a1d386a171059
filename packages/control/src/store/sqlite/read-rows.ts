// Every row of a store's file, read from outside: beside a control that runs, or after it has died. It never writes.
import { DatabaseSync } from 'node:sqlite';
import type { Row, RowMap } from '@iog/core';
import { tables } from '../../tables.ts';
import { catalogOf } from '../catalog.ts';
import { faulting } from './fault.ts';

/** One consistent moment of the store at `path`: all of it, or the rows of some kinds. Faults: those of a store that cannot be read. */
export function readRows<K extends Row['kind']>(path: string, kinds?: readonly K[]): RowMap[K][] {
  return faulting(path, () => {
    const catalog = catalogOf(tables);
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      return database
        .prepare(`SELECT body FROM rows ${kinds === undefined ? '' : `WHERE kind IN (${kinds.map(() => '?').join(', ')})`}`)
        .all(...(kinds ?? []))
        .map((found) => catalog.rowOf(String(found['body'])) as RowMap[K]);
    } finally {
      database.close();
    }
  });
}

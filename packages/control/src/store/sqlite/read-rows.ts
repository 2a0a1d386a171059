// Every row of a store's file, read from outside: beside a control that runs, or after it has died. It never writes.
import { DatabaseSync } from 'node:sqlite';
import type { Row, RowMap } from '@iog/core';
import { decodeBody } from '../body.ts';
import { faulting } from './fault.ts';

/** One consistent moment of the store at `path`: all of it, or the rows of some kinds. Faults: those of a store that cannot be read. */
export function readRows<K extends Row['kind']>(path: string, kinds?: readonly K[]): RowMap[K][] {
  return reading(path, (database) =>
    database
      .prepare(`SELECT body FROM rows ${kinds === undefined ? '' : `WHERE kind IN (${kinds.map(() => '?').join(', ')})`}`)
      .all(...(kinds ?? []))
      .map((found) => decodeBody(String(found['body'])) as RowMap[K]),
  );
}

/** The texts of all rows at one moment, by kind and id. One statement is one snapshot: control writes on meanwhile. */
export function readSqliteBodies(path: string, take: (body: string) => void): void {
  reading(path, (database) => {
    for (const found of database.prepare('SELECT body FROM rows ORDER BY kind, id').iterate()) take(String(found['body']));
  });
}

function reading<T>(path: string, work: (database: DatabaseSync) => T): T {
  return faulting(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  });
}

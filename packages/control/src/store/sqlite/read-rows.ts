// Every row of a store's file, read from outside: beside a control that runs, or after it has died. It never writes.
import { DatabaseSync } from 'node:sqlite';
import { faulting } from './fault.ts';

/** The texts of all rows at one moment, or of some kinds, by kind and id. One statement is one snapshot: control writes on meanwhile. */
export function readSqliteBodies(path: string, kinds: readonly string[] | undefined, take: (body: string) => void): void {
  const wanted = kinds === undefined ? '' : `WHERE kind IN (${kinds.map(() => '?').join(', ')})`;
  faulting(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      for (const found of database.prepare(`SELECT body FROM rows ${wanted} ORDER BY kind, id`).iterate(...(kinds ?? [])))
        take(String(found['body']));
    } finally {
      database.close();
    }
  });
}

// Every row that the build 17299ff wrote in the life of a small network, frozen: a cluster that ended with its receipt, and one that runs.
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Texts of rows, as they stood in its store. */
export const earlierBodies: readonly string[] = fs
  .readFileSync(path.join(import.meta.dirname, 'rows-17299ff.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

/** A store's file as that build left it: layout 1, filed by indexes that are not those of now. */
export function earlierStore(file: string): void {
  const database = new DatabaseSync(file);
  const layout = fs.readFileSync(path.join(import.meta.dirname, '../../sqlite/test/layout-1.sql'), 'utf8');
  database.exec(layout);
  database.exec("DELETE FROM rows; DELETE FROM entries; UPDATE meta SET value = 'other' WHERE name = 'indexes'");
  const insert = database.prepare('INSERT INTO rows (kind, id, version, filed, body) VALUES (?, ?, ?, ?, ?)');
  database.exec('BEGIN');
  for (const body of earlierBodies) {
    const { kind, id } = JSON.parse(body) as { kind: string; id: string };
    insert.run(kind, id, 7, '[]', body);
  }
  database.exec('COMMIT');
  database.close();
}

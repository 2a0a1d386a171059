// Opening the database file of the store: its modes, its settings, its layout and the version of that, its indexes when their declarations changed.
import { DatabaseSync } from 'node:sqlite';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { StoreFault } from '../store.ts';
import type { Catalog } from '../catalog.ts';
import { migrations } from './migrations.ts';

const settings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -65536;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA wal_autocheckpoint = 4000;
`;

export interface DatabaseLimits {
  /** The file grows no larger; what does not fit is `store.full`. */
  readonly maxBytes?: number;
}

/** The database at `path`, ready for rows of the catalog's kinds. Its directory exists and is locked. */
export function openDatabase(path: string, catalog: Catalog, { maxBytes }: DatabaseLimits): DatabaseSync {
  if (path !== ':memory:') prepareFile(path);
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found > migrations.length) {
      const message = `the store ${path} was written by a newer IOG (layout ${found}, this one knows ${migrations.length}): start that one`;
      throw new StoreFault('store.newer', message);
    }
    database.exec(settings);
    if (maxBytes !== undefined) {
      const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
      database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`);
    }
    for (let next = found; next < migrations.length; next++)
      inTransaction(database, () => database.exec(`${migrations[next] ?? ''} PRAGMA user_version = ${next + 1};`));
    reindex(database, catalog);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/** Does all of it or none, and leaves no transaction open. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = work();
    database.exec('COMMIT');
    return value;
  } catch (cause) {
    // SQLite has ended the transaction itself where the disk is full or failed.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw cause;
  }
}

/** SQLite gives its journal and its shared memory the mode of the database. */
function prepareFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

/** Files every row again when the declared indexes are not those that the entries were made with. */
function reindex(database: DatabaseSync, catalog: Catalog): void {
  const before = database.prepare("SELECT value FROM meta WHERE name = 'indexes'").get()?.['value'];
  if (before === catalog.fingerprint) return;
  inTransaction(database, () => {
    database.exec('DELETE FROM entries');
    const file = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
    const note = database.prepare('UPDATE rows SET filed = ? WHERE seq = ?');
    const next = database.prepare('SELECT seq, body FROM rows WHERE seq > ? ORDER BY seq LIMIT 1');
    for (let found = next.get(0); found; found = next.get(Number(found['seq']))) {
      const seq = Number(found['seq']);
      const row = catalog.rowOf(String(found['body']));
      // A kind that is declared no more keeps its rows, outside of every index.
      const entries = catalog.knows(row.kind) ? catalog.entriesOf(row) : [];
      for (const [list, equals, sort] of entries) file.run(list, equals, sort, row.id, seq);
      note.run(JSON.stringify(entries), seq);
    }
    database.prepare("UPDATE meta SET value = ? WHERE name = 'indexes'").run(catalog.fingerprint);
  });
}

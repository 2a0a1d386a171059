// The store on SQLite: one writer, WAL, synchronous FULL; commits that wait together become one transaction, each accepted or refused by itself.
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Commit, type CommitResult, type Key, type Query, type Store, StoreFault, type StoredRow, type TableSpec, type Versioned } from './store.ts';
import { decodeCursor, decodeRow, encodeCursor, encodeRow } from './codec.ts';
import { faultOf } from './sqlite-fault.ts';

const schemaVersion = 1;
/** Commits that one transaction may gather. */
const groupMax = 256;
const limitMax = 1_000;
type Value = Record<string, SQLInputValue>;

export interface SqliteOptions {
  readonly path: string;
  readonly tables: readonly TableSpec<never>[];
  /** For tests of a full disk: the most pages of 4 KiB that the file may have. */
  readonly maxPages?: number;
}

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Opens or makes the store. Throws StoreFault `store.newer`, `store.corrupt`, `store.readonly`, `store.full`, `store.io`. */
export function openSqlite({ path: file, tables, maxPages }: SqliteOptions): Store {
  const db = openDatabase(file, maxPages);
  const specs = new Map(tables.map((table) => [table.kind, table as TableSpec<StoredRow>]));
  const statements = prepare(db);
  let queue: Waiting[] = [];
  let isScheduled = false;
  let isClosed = false;

  const guard = (): void => {
    if (isClosed) throw new StoreFault('store.closed', 'The store is closed.');
  };
  const attempt = <T>(work: () => T): T => {
    guard();
    try {
      return work();
    } catch (error) {
      throw faultOf(error, file);
    }
  };

  /** All that waits becomes one durable transaction; only then is any of it acknowledged. */
  function flush(): void {
    isScheduled = false;
    const group = queue.slice(0, groupMax);
    queue = queue.slice(groupMax);
    if (queue.length > 0) schedule();
    try {
      attempt(() => db.exec('BEGIN IMMEDIATE'));
      const results = group.map(({ commit }) => attempt(() => applyCommit(statements, specs, commit)));
      attempt(() => db.exec('COMMIT'));
      group.forEach(({ resolve }, i) => resolve(results[i] ?? { ok: true }));
    } catch (error) {
      if (db.isOpen && db.isTransaction) db.exec('ROLLBACK');
      for (const { reject } of group) reject(error);
    }
  }
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  }

  return {
    load: (keys) => Promise.try(() => attempt(() => keys.map(({ kind, id }) => versioned(statements.load.get({ kind, id }))))),
    query: (query) => Promise.try(() => attempt(() => runQuery(statements, query))),
    commit: (commit) =>
      new Promise((resolve, reject) => {
        guard();
        queue.push({ commit, resolve, reject });
        schedule();
      }),
    close: () =>
      Promise.try(() => {
        if (isClosed) return;
        while (queue.length > 0) flush();
        isClosed = true;
        db.close();
      }),
  };
}

function openDatabase(file: string, maxPages: number | undefined): DatabaseSync {
  try {
    if (file !== ':memory:') {
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      fs.closeSync(fs.openSync(file, 'a', 0o600));
    }
    const db = new DatabaseSync(file);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000; PRAGMA temp_store = MEMORY;');
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    migrate(db, file);
    return db;
  } catch (error) {
    throw faultOf(error, file);
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > schemaVersion) throw new StoreFault('store.newer', `${file} was written by a newer version (schema ${version}; this one knows ${schemaVersion}). Upgrade, or use another directory.`);
  if (version === schemaVersion) return;
  db.exec(`BEGIN IMMEDIATE;
    CREATE TABLE rows (kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE TABLE entries (kind TEXT NOT NULL, name TEXT NOT NULL, equals TEXT NOT NULL, sort ANY NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, name, equals, sort, id)) STRICT, WITHOUT ROWID;
    CREATE INDEX entries_of_row ON entries (kind, id);
    PRAGMA user_version = ${schemaVersion};
    COMMIT;`);
}

interface Statements {
  readonly load: StatementSync;
  readonly put: StatementSync;
  readonly drop: StatementSync;
  readonly unindex: StatementSync;
  readonly index: StatementSync;
  readonly ascending: StatementSync;
  readonly descending: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  const page = (order: string, beyond: string) =>
    db.prepare(`SELECT r.version, r.body, e.sort FROM entries e JOIN rows r ON r.kind = e.kind AND r.id = e.id
      WHERE e.kind = $kind AND e.name = $name AND e.equals = $equals AND ($most IS NULL OR e.sort <= $most) AND ($has = 0 OR (e.sort, e.id) ${beyond} ($sort, $id))
      ORDER BY e.sort ${order}, e.id ${order} LIMIT $limit`);
  return {
    load: db.prepare('SELECT version, body FROM rows WHERE kind = $kind AND id = $id'),
    put: db.prepare('INSERT INTO rows (kind, id, version, body) VALUES ($kind, $id, $version, $body) ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body'),
    drop: db.prepare('DELETE FROM rows WHERE kind = $kind AND id = $id'),
    unindex: db.prepare('DELETE FROM entries WHERE kind = $kind AND id = $id'),
    index: db.prepare('INSERT INTO entries (kind, name, equals, sort, id) VALUES ($kind, $name, $equals, $sort, $id)'),
    ascending: page('ASC', '>'),
    descending: page('DESC', '<'),
  };
}

function versioned(found: Record<string, unknown> | undefined): Versioned<StoredRow> | undefined {
  return found ? { version: Number(found['version']), row: decodeRow(String(found['body'])) as StoredRow } : undefined;
}

function runQuery(statements: Statements, query: Query): Versioned<StoredRow>[] {
  const { kind, index, equals = '', after, atMost = null, limit, descending = false } = query;
  const cursor = after === undefined ? undefined : decodeCursor(after);
  // A cursor that is not ours begins past the end: it finds nothing, and harms nothing.
  if (after !== undefined && !cursor) return [];
  const input: Value = { kind, name: index, equals, most: atMost, has: cursor ? 1 : 0, sort: cursor?.sort ?? 0, id: cursor?.id ?? '', limit: Math.max(1, Math.min(limit, limitMax)) };
  const rows = (descending ? statements.descending : statements.ascending).all(input);
  return rows.flatMap((row) => {
    const found = versioned(row);
    if (!found) return [];
    cursors.set(found.row, encodeCursor(row['sort'] as number | string, found.row.id));
    return [found];
  });
}

/** Where each row that a query gave stood in its index. */
const cursors = new WeakMap<StoredRow, string>();

/** The cursor to go on after this row, which a query gave. */
export function cursorOf(row: StoredRow): string {
  return cursors.get(row) ?? encodeCursor(row.id, row.id);
}

/** Checks what was read, then writes; the checks come first, so a refused commit has written nothing. */
function applyCommit(statements: Statements, specs: ReadonlyMap<string, TableSpec<StoredRow>>, { reads, writes, deletes = [] }: Commit): CommitResult {
  const versionOf = ({ kind, id }: Key): number => Number(statements.load.get({ kind, id })?.['version'] ?? 0);
  const expected = new Map(reads.map(({ key, version }) => [`${key.kind}\0${key.id}`, version]));
  const unread = [...writes, ...deletes].filter(({ kind, id }) => !expected.has(`${kind}\0${id}`));
  const checks = [...reads, ...unread.map(({ kind, id }) => ({ key: { kind, id }, version: 0 }))];
  const stale = checks.filter(({ key, version }) => versionOf(key) !== version).map(({ key }) => key);
  if (stale.length > 0) return { ok: false, stale };
  for (const row of writes) {
    const spec = specs.get(row.kind);
    if (!spec) throw new Error(`no table is declared for rows of kind ${row.kind}`);
    const { kind, id } = row;
    const version = expected.get(`${kind}\0${id}`) ?? 0;
    statements.put.run({ kind, id, version: version + 1, body: encodeRow(row) });
    if (version > 0) statements.unindex.run({ kind, id });
    for (const [name, place] of Object.entries(spec.indexes)) {
      const at = place(row);
      if (at) statements.index.run({ kind, name, equals: at.equals ?? '', sort: at.sort ?? id, id });
    }
  }
  for (const { kind, id } of deletes) {
    statements.drop.run({ kind, id });
    statements.unindex.run({ kind, id });
  }
  return { ok: true };
}

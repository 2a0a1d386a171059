// Reading rows from SQLite: by key, and by a page of an index.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Key, type Query, type StoredRow, type Versioned, StoreFault, mostRowsOfQuery, readCursor } from '../store.ts';
import type { Catalog, Entry } from '../catalog.ts';

export interface SqliteReader {
  load(this: void, key: Key): Versioned<StoredRow> | undefined;
  query(query: Query): Versioned<StoredRow>[];
}

export function sqliteReader(database: DatabaseSync, catalog: Catalog): SqliteReader {
  const byKey = database.prepare('SELECT version, body FROM rows WHERE kind = ? AND id = ?');
  const filed = database.prepare('SELECT filed FROM rows WHERE kind = ? AND id = ?');
  const pages = new Map<string, StatementSync>();

  const page = (cursor: boolean, atMost: boolean, descending: boolean): StatementSync => {
    const sql = pageSql(cursor, atMost, descending);
    const statement = pages.get(sql) ?? database.prepare(sql);
    pages.set(sql, statement);
    return statement;
  };

  /** Where a page begins. A cursor without its sort: where its row stands now; where it stands nowhere, as lists that sort by id have it. */
  const start = (after: string, kind: string, list: string): [sort: number | string, id: string] => {
    const { id, sort } = readCursor(after);
    if (sort !== undefined) return [sort, id];
    const entries = JSON.parse(String(filed.get(kind, id)?.['filed'] ?? '[]')) as Entry[];
    return [entries.find(([name]) => name === list)?.[2] ?? id, id];
  };

  return {
    load({ kind, id }) {
      // SQLite would look for the replacement character instead.
      if (!id.isWellFormed()) return undefined;
      const found = byKey.get(kind, id);
      return found && versioned(found, catalog);
    },
    query({ kind, index, equals, after, atMost, limit, descending = false }) {
      if (!Number.isInteger(limit) || limit < 1 || limit > mostRowsOfQuery)
        throw new Error(`a query for ${limit} rows of ${kind}.${index}`);
      const list = catalog.listOf(kind, index);
      const from = after === undefined ? [] : start(after, kind, list);
      const values = [list, equals ?? 0, ...from, ...(atMost === undefined ? [] : [atMost]), limit];
      return page(after !== undefined, atMost !== undefined, descending)
        .all(...values)
        .map((found) => versioned(found, catalog));
    },
  };
}

/** With `atMost`, a number, no text comes along: texts sort after every number. */
function pageSql(cursor: boolean, atMost: boolean, descending: boolean): string {
  const order = descending ? ' DESC' : '';
  return `SELECT rows.version, rows.body FROM entries JOIN rows ON rows.seq = entries.row WHERE list = ? AND equals = ?
    ${cursor ? `AND (entries.sort, entries.id) ${descending ? '<' : '>'} (?, ?)` : ''} ${atMost ? 'AND entries.sort <= ?' : ''}
    ORDER BY entries.sort${order}, entries.id${order} LIMIT ?`;
}

function versioned(found: Record<string, unknown>, catalog: Catalog): Versioned<StoredRow> {
  try {
    return { version: Number(found['version']), row: catalog.rowOf(String(found['body'])) };
  } catch (cause) {
    throw new StoreFault('store.corrupt', 'a row of the store is damaged: stop, and restore the latest backup', cause);
  }
}

// Reading rows from SQLite: by key, and by a page of an index.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Key, type Query, type StoredRow, type Versioned, mostRowsOfQuery, readCursor } from '../store.ts';
import type { Catalog, Entry } from '../catalog.ts';
import type { Standing, StandingRows } from './standing.ts';

export interface SqliteReader {
  load(this: void, key: Key): Versioned<StoredRow> | undefined;
  query(query: Query): Versioned<StoredRow>[];
}

export function sqliteReader(database: DatabaseSync, catalog: Catalog, standing: StandingRows): SqliteReader {
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
    const entries = JSON.parse(standing.find({ kind, id })?.filed ?? '[]') as Entry[];
    return [entries.find(([name]) => name === list)?.[2] ?? id, id];
  };

  const versioned = (found: Standing): Versioned<StoredRow> => ({ version: found.version, row: standing.rowOf(found) });

  return {
    load(key) {
      const found = standing.find(key);
      return found && versioned(found);
    },
    query({ kind, index, equals, after, atMost, limit, descending = false }) {
      if (!Number.isInteger(limit) || limit < 1 || limit > mostRowsOfQuery)
        throw new Error(`a query for ${limit} rows of ${kind}.${index}`);
      const list = catalog.listOf(kind, index);
      const from = after === undefined ? [] : start(after, kind, list);
      const values = [list, equals ?? 0, ...from, ...(atMost === undefined ? [] : [atMost]), limit];
      return page(after !== undefined, atMost !== undefined, descending)
        .all(...values)
        .map((found) => versioned(standing.find({ kind, id: String(found['id']) }) as Standing));
    },
  };
}

/** With `atMost`, a number, no text comes along: texts sort after every number. */
export function pageSql(cursor: boolean, atMost: boolean, descending: boolean): string {
  const order = descending ? ' DESC' : '';
  return `SELECT id FROM entries WHERE list = ? AND equals = ?
    ${cursor ? `AND (sort, id) ${descending ? '<' : '>'} (?, ?)` : ''} ${atMost ? 'AND sort <= ?' : ''}
    ORDER BY sort${order}, id${order} LIMIT ?`;
}

// Reading rows from PostgreSQL: by key, all that is asked in one turn of the event loop at once, and by a page of an index.
import { type Key, type Query, type StoredRow, type Versioned, StoreFault, mostRowsOfQuery, readCursor } from '../store.ts';
import type { Catalog } from '../catalog.ts';
import { type Connection, type Row, patiently } from './connection.ts';
import { equalsText, plain, sortOf } from './text.ts';

type Found = Versioned<StoredRow> | undefined;

export interface PostgresReader {
  load(keys: readonly Key[]): Promise<Found[]>;
  query(query: Query): Promise<Versioned<StoredRow>[]>;
}

const loadSql = `SELECT x.n, r.version, r.body FROM json_to_recordset($1::text::json) AS x(n int, k text, i text)
  JOIN rows AS r ON r.kind = x.k AND r.id = x.i`;

interface Waiting {
  readonly keys: readonly Key[];
  readonly resolve: (found: Found[]) => void;
  readonly reject: (cause: unknown) => void;
}

export function postgresReader(connection: Connection, catalog: Catalog, patienceMs: number): PostgresReader {
  let waiting: Waiting[] = [];
  const ask = (sql: string, values: readonly (string | number)[]): Promise<Row[]> =>
    patiently(() => connection.ask(sql, values), performance.now() + patienceMs);

  const loadAll = async (asked: readonly Waiting[]): Promise<void> => {
    try {
      const wanted = asked.flatMap(({ keys }) => keys);
      // A key that is not well formed would find the row of the replacement character.
      const places = wanted.flatMap(({ kind, id }, n) => (id.isWellFormed() ? [{ n, k: plain(kind), i: plain(id) }] : []));
      const found: Found[] = wanted.map(() => undefined);
      for (const row of await ask(loadSql, [JSON.stringify(places)])) found[Number(row['n'])] = versioned(row, catalog);
      let from = 0;
      for (const { keys, resolve } of asked) resolve(found.slice(from, (from += keys.length)));
    } catch (cause) {
      for (const { reject } of asked) reject(cause);
    }
  };

  return {
    load(keys) {
      const { promise, resolve, reject } = Promise.withResolvers<Found[]>();
      if (waiting.length === 0)
        setImmediate(() => {
          const asked = waiting;
          waiting = [];
          void loadAll(asked);
        });
      waiting.push({ keys: [...keys], resolve, reject });
      return promise;
    },
    async query({ kind, index, equals, after, atMost, limit, descending = false }) {
      if (!Number.isInteger(limit) || limit < 1 || limit > mostRowsOfQuery)
        throw new Error(`a query for ${limit} rows of ${kind}.${index}`);
      const cursor = after === undefined ? undefined : readCursor(after);
      const values: (string | number)[] = [catalog.listOf(kind, index), equalsText(equals), plain(kind), limit];
      const value = (given: string | number): string => `$${values.push(given)}`;
      const sql = pageSql(descending, {
        // Texts stand at Infinity: with `atMost` none comes along.
        atMost: atMost === undefined ? undefined : value(Math.min(atMost, Number.MAX_VALUE)),
        id: cursor && value(plain(cursor.id)),
        sort: cursor?.sort === undefined ? undefined : { n: value(sortOf(cursor.sort).n), t: value(sortOf(cursor.sort).t) },
      });
      return (await ask(sql, values)).map((found) => versioned(found, catalog));
    },
  };
}

interface PageParts {
  readonly atMost: string | undefined;
  readonly id: string | undefined;
  readonly sort: { readonly n: string; readonly t: string } | undefined;
}

/** A cursor without its sort: where its row stands now; where it stands nowhere, as lists that sort by id have it. */
function pageSql(descending: boolean, { atMost, id, sort }: PageParts): string {
  const order = descending ? ' DESC' : '';
  const stands = `FROM rows, json_to_recordset(rows.filed::json) AS f(l text, n float8, t text)
    WHERE rows.kind = $3 AND rows.id = ${id} AND f.l = $1 LIMIT 1`;
  const n = sort ? `${sort.n}::float8` : `coalesce((SELECT f.n ${stands}), 'Infinity')`;
  const t = sort ? sort.t : `coalesce((SELECT f.t ${stands}), ${id})`;
  return `SELECT r.version, r.body FROM entries AS e JOIN rows AS r ON r.kind = $3 AND r.id = e.id WHERE e.list = $1 AND e.equals = $2
    ${id === undefined ? '' : `AND (e.num, e.txt, e.id) ${descending ? '<' : '>'} (${n}, ${t}, ${id})`}
    ${atMost === undefined ? '' : `AND e.num <= ${atMost}::float8`}
    ORDER BY e.num${order}, e.txt${order}, e.id${order} LIMIT $4::int`;
}

function versioned(found: Row, catalog: Catalog): Versioned<StoredRow> {
  try {
    return { version: Number(found['version']), row: catalog.rowOf(String(found['body'])) };
  } catch (cause) {
    throw new StoreFault('store.corrupt', 'a row of the store is damaged: stop, and restore the latest backup', cause);
  }
}

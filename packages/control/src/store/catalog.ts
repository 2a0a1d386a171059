// The declared tables as the store uses them: which entries a row has, and whether a declaration has changed.
import { createHash } from 'node:crypto';
import type { Place, StoredRow, TableSpec } from './store.ts';
import { decodeBody } from './body.ts';

/** list, equals (0: none), sort ('': none). A list is `kind.index`. */
export type Entry = readonly [list: string, equals: string | 0, sort: number | string];

export interface Catalog {
  /** Two catalogs with the same fingerprint file every row alike. */
  readonly fingerprint: string;
  knows(kind: string): boolean;
  /** The row of a body as it was written, by this build or an earlier one. Throws where it is damaged. */
  rowOf(this: void, body: string): StoredRow;
  entriesOf(this: void, row: StoredRow): readonly Entry[];
  listOf(kind: string, index: string): string;
}

export function catalogOf(tables: readonly TableSpec<never>[]): Catalog {
  const byKind = new Map(tables.map(({ kind, indexes }) => [kind, Object.entries(indexes) as [string, IndexOf][]]));
  if (byKind.size !== tables.length) throw new Error('a kind of row is declared twice');
  const lacking = new Map(tables.map((table) => [table.kind, table.lacking as object | undefined]));
  const text = [...byKind].map(([kind, indexes]) => [kind, indexes.map(([name, index]) => [name, String(index)])]);
  const lists = new Set([...byKind].flatMap(([kind, indexes]) => indexes.map(([name]) => `${kind}.${name}`)));

  const whole = (row: StoredRow): StoredRow => {
    const added = lacking.get(row.kind);
    return added === undefined ? row : { ...added, ...row };
  };

  return {
    fingerprint: createHash('sha256').update(JSON.stringify(text)).digest('hex'),
    knows: (kind) => byKind.has(kind),
    rowOf: (body) => whole(decodeBody(body) as StoredRow),
    entriesOf(row) {
      const indexes = byKind.get(row.kind);
      if (!indexes) throw new Error(`no table is declared for rows of the kind ${row.kind}`);
      const filled = whole(row);
      return indexes.flatMap(([name, index]) => {
        const place = index(filled);
        if (!place) return [];
        if (typeof place.sort === 'number' && !Number.isFinite(place.sort)) throw new Error(`${row.kind}.${name} sorts by ${place.sort}`);
        return [[`${row.kind}.${name}`, place.equals ?? 0, place.sort ?? ''] as const];
      });
    },
    listOf(kind, index) {
      const list = `${kind}.${index}`;
      if (!lists.has(list)) throw new Error(`no index ${list} is declared`);
      return list;
    },
  };
}

type IndexOf = (row: StoredRow) => Place | undefined;

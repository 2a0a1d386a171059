// The rows, tables and small steps that the store's laws are told with.
import { type Commit, type Store, type StoredRow, type TableSpec } from '../store.ts';

export interface Opened {
  readonly store: Store;
  /** Closes the store and opens what it kept. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

export interface Note extends StoredRow {
  readonly kind: 'note';
  readonly owner?: string | undefined;
  readonly due?: number | undefined;
  readonly name?: string | undefined;
  readonly value?: unknown;
}
export interface Count extends StoredRow {
  readonly kind: 'count';
  readonly n: bigint;
}
export type TestRows = { note: Note; count: Count };

const noteTable: TableSpec<Note> = {
  kind: 'note',
  indexes: {
    owner: (row) => (row.owner === undefined ? undefined : { equals: row.owner, sort: row.id }),
    due: (row) => (row.due === undefined ? undefined : { sort: row.due }),
    name: (row) => (row.name === undefined ? undefined : { sort: row.name }),
    all: () => ({}),
  },
};
export const testTables = [noteTable, { kind: 'count', indexes: {} }] as readonly TableSpec<never>[];

export const note = (id: string, fields: Omit<Note, 'kind' | 'id'> = {}): Note => ({ kind: 'note', id, ...fields });
export const key = (id: string, kind = 'note') => ({ kind, id });
export const put = (...writes: StoredRow[]): Commit => ({ reads: [], writes });

export type Contract = (title: string, body: (store: Store, opened: Opened) => Promise<void>) => void;

export async function versions(store: Store, ...names: string[]): Promise<number[]> {
  return (await store.load(names.map((id) => key(id)))).map((found) => found?.version ?? 0);
}

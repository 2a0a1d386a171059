// The store port: versioned rows, loaded by key or by a bounded query, and committed if every version read still stands. It speaks no SQL.

export interface Key {
  readonly kind: string;
  readonly id: string;
}

/** Plain JSON data, and bigint. Fields that are undefined are dropped; a number that is not finite is a bug of the caller. */
export interface StoredRow {
  readonly kind: string;
  readonly id: string;
}

/** `version` is at least 1 and grows with each write. A row made again never has a version that its key had before. */
export interface Versioned<R> {
  readonly version: number;
  readonly row: R;
}

/** Where a row stands in an index: under `equals`, ordered by (sort, id); numbers before strings, strings bytewise. */
export interface Place {
  readonly equals?: string;
  readonly sort?: number | string;
}

/**
 * One kind of row and its indexes. An index is a function of the row alone (it closes over nothing: its text is what says whether it has
 * changed since the store was written). A row that gives undefined is not in that index.
 */
export interface TableSpec<R> {
  readonly kind: string;
  readonly indexes: Record<string, (row: R) => Place | undefined>;
  /** What a row of an earlier build reads as, in fields that it was written without. */
  readonly lacking?: Readonly<Record<string, unknown>>;
}

/** Rows of one index, in order. Without `equals`: the rows that stand under none. */
export interface Query {
  readonly kind: string;
  readonly index: string;
  readonly equals?: string;
  /** A cursor, exclusive. One that nobody gave out finds some rows or none; it does no harm. */
  readonly after?: string;
  /** Only numeric sorts up to this one: what is `due`. */
  readonly atMost?: number;
  /** 1..1000 */
  readonly limit: number;
  readonly descending?: boolean;
}

/**
 * Reads must stand: version 0 means absent. A written key that is not among the reads must be absent. A deleted key that is not among the
 * reads goes at whatever version it has.
 */
export interface Commit {
  readonly reads: readonly { readonly key: Key; readonly version: number }[];
  readonly writes: readonly StoredRow[];
  readonly deletes?: readonly Key[];
}

export type CommitResult = { readonly ok: true } | { readonly ok: false; readonly stale: readonly Key[] };

/** Faults: StoreFault. What is misused (an unknown kind, a key written twice) is a plain Error: a bug. */
export interface Store {
  /** In the order of the keys; undefined for what is absent. */
  load(keys: readonly Key[]): Promise<readonly (Versioned<StoredRow> | undefined)[]>;
  query(query: Query): Promise<readonly Versioned<StoredRow>[]>;
  /** All or nothing, and durable once it resolves with `ok`. A commit that throws a fault may be decided and tried again: only after `store.unknown` may it have been kept. */
  commit(commit: Commit): Promise<CommitResult>;
  /** Ends what is queued, then closes. Closing again is done already. */
  close(): Promise<void>;
}

export type StoreFaultCode =
  | 'store.full'
  | 'store.readonly'
  | 'store.corrupt'
  | 'store.in-use'
  | 'store.closed'
  | 'store.newer'
  | 'store.busy'
  | 'store.contended'
  | 'store.io'
  /** The server of the store cannot be reached. Nothing was kept. */
  | 'store.unavailable'
  /** The server was lost while it wrote: whether it was kept is not known. */
  | 'store.unknown';

/** The environment failed under the store, or too many want the same rows. The message says what to do next. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly code: StoreFaultCode;

  constructor(code: StoreFaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export const mostRowsOfQuery = 1000;

/**
 * Where the next page goes on: after this row, the last of a page. By default it is the place that the row then has in the index (its id
 * where it has left the index). With `sort`, the place that it had: for pages of a numeric index that rows leave meanwhile.
 */
export function cursorOf(row: StoredRow, sort?: number | string): string {
  if (sort !== undefined) return `~${JSON.stringify([sort, row.id])}`;
  return row.id.startsWith('~') ? `~${row.id}` : row.id;
}

/** What a cursor says. It may come from outside: anything is read as some id. */
export function readCursor(cursor: string): { readonly id: string; readonly sort?: number | string } {
  if (!cursor.startsWith('~')) return { id: cursor };
  if (cursor.startsWith('~~')) return { id: cursor.slice(1) };
  try {
    const [sort, id] = JSON.parse(cursor.slice(1)) as unknown[];
    if (typeof id === 'string' && (typeof sort === 'string' || Number.isFinite(sort))) return { id, sort: sort as number | string };
  } catch {
    // Not a cursor of ours: an id, as good as any.
  }
  return { id: cursor };
}

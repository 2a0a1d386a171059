// The port of the store: versioned rows by key, named and bounded queries, and a commit that applies all or nothing. No SQL, no callbacks.

export interface Key {
  readonly kind: string;
  readonly id: string;
}
/** A row is plain JSON data plus bigint. */
export interface StoredRow {
  readonly kind: string;
  readonly id: string;
}
export interface Versioned<R> {
  readonly version: number;
  readonly row: R;
}
/** Rows of one index in its order. `atMost` bounds a numeric sort from above (what is due); `after` is a cursor. */
export interface Query {
  readonly kind: string;
  readonly index: string;
  readonly equals?: string;
  readonly after?: string;
  readonly atMost?: number;
  readonly limit: number;
  readonly descending?: boolean;
}
/** Version 0 says that the key must be absent. A written key that is not read must be absent. */
export interface Commit {
  readonly reads: readonly { readonly key: Key; readonly version: number }[];
  readonly writes: readonly StoredRow[];
  readonly deletes?: readonly Key[];
}
export type CommitResult = { readonly ok: true } | { readonly ok: false; readonly stale: readonly Key[] };

export interface Store {
  load(keys: readonly Key[]): Promise<readonly (Versioned<StoredRow> | undefined)[]>;
  query(query: Query): Promise<readonly Versioned<StoredRow>[]>;
  /** Durable once it resolves with ok. */
  commit(commit: Commit): Promise<CommitResult>;
  close(): Promise<void>;
}

/** How a kind of row is found: for each index, what it equals and how it sorts; undefined leaves the row out of that index. */
export interface TableSpec<R> {
  readonly kind: string;
  readonly indexes: Readonly<Record<string, (row: R) => { readonly equals?: string; readonly sort?: number | string } | undefined>>;
}

export type StoreFaultCode = 'store.full' | 'store.readonly' | 'store.corrupt' | 'store.in-use' | 'store.newer' | 'store.closed' | 'store.contended' | 'store.io';

/** The environment failed: nothing of the commit was applied, and what was acknowledged before stands. */
export class StoreFault extends Error {
  readonly code: StoreFaultCode;
  constructor(code: StoreFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

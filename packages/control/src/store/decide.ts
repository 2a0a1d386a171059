// Load, decide, commit: a decision is made from versioned rows and stands if these still do; else it is made again.
import { type Key, type Query, type Store, StoreFault, type StoredRow, type Versioned } from './store.ts';

const mostDecisions = 25;

/** What a decision reads. Each row that it depends on is read here, so that the commit can check it. */
export interface Reading<M extends Record<string, StoredRow>> {
  /** The row, or its absence, counts as read. Read twice, it is the same row. */
  one<K extends keyof M & string>(kind: K, id: string): Promise<M[K] | undefined>;
  /** In the order of the ids; missing ones are dropped, their absence counts as read. */
  many<K extends keyof M & string>(kind: K, ids: readonly string[]): Promise<readonly M[K][]>;
  /** A hint: rows that may have changed since, and do not count as read unless they are tracked. */
  list<K extends keyof M & string>(query: Query & { readonly kind: K }): Promise<readonly M[K][]>;
  /** Lets rows of `list` count as read, at the versions that were listed. */
  track(rows: readonly StoredRow[]): void;
}

export interface Decided<T> {
  readonly writes: readonly StoredRow[];
  readonly deletes?: readonly Key[];
  readonly value: T;
}

/**
 * Commits what `work` decides; where a row was stale it decides again, at once, at most 25 times in all. A decision that changes nothing
 * commits nothing. Faults: `store.contended`, and the store's own.
 */
export async function transact<M extends Record<string, StoredRow>, T>(
  store: Store,
  work: (read: Reading<M>) => Promise<Decided<T>>,
): Promise<T> {
  let stale: readonly Key[] = [];
  for (let i = 0; i < mostDecisions; i++) {
    const { reading, reads } = readingOf<M>(store);
    let decided: Decided<T>;
    try {
      decided = await work(reading);
    } catch (cause) {
      // Rows loaded one after the other may contradict each other: what looks like a bug is one only if they all still stand.
      if (cause instanceof StoreFault) throw cause;
      stale = await staleOf(store, reads());
      if (stale.length === 0) throw cause;
      continue;
    }
    const { writes, deletes = [], value } = decided;
    if (writes.length === 0 && deletes.length === 0) return value;
    const result = await store.commit({ reads: reads(), writes, deletes });
    if (result.ok) return value;
    stale = result.stale;
  }
  const names = stale.slice(0, 3).map(nameOf).join(', ');
  throw new StoreFault('store.contended', `${names} changed during each of ${mostDecisions} decisions: try again`);
}

type Read = { readonly key: Key; readonly version: number };

function readingOf<M extends Record<string, StoredRow>>(store: Store): { reading: Reading<M>; reads: () => readonly Read[] } {
  const seen = new Map<string, { key: Key; found: Versioned<StoredRow> | undefined }>();
  const listed = new Map<StoredRow, Versioned<StoredRow>>();
  const see = (key: Key, found: Versioned<StoredRow> | undefined): void => {
    // The first sight stays: the decision may rest on it already.
    if (!seen.has(nameOf(key))) seen.set(nameOf(key), { key, found });
  };
  const many = async (kind: string, ids: readonly string[]): Promise<(StoredRow | undefined)[]> => {
    const keys = ids.map((id) => ({ kind, id }));
    const unseen = keys.filter((key) => !seen.has(nameOf(key)));
    const found = unseen.length === 0 ? [] : await store.load(unseen);
    unseen.forEach((key, i) => see(key, found[i]));
    return keys.map((key) => seen.get(nameOf(key))?.found?.row);
  };

  const reading: Reading<M> = {
    async one<K extends keyof M & string>(kind: K, id: string) {
      return (await many(kind, [id]))[0] as M[K] | undefined;
    },
    async many<K extends keyof M & string>(kind: K, ids: readonly string[]) {
      return (await many(kind, ids)).filter((row) => row !== undefined) as M[K][];
    },
    async list<K extends keyof M & string>(query: Query & { readonly kind: K }) {
      const found = await store.query(query);
      for (const each of found) listed.set(each.row, each);
      return found.map(({ row }) => row as M[K]);
    },
    track(rows) {
      for (const row of rows) {
        const found = listed.get(row);
        if (!found) throw new Error(`${nameOf(row)} was not listed by this reading`);
        see({ kind: row.kind, id: row.id }, found);
      }
    },
  };
  return { reading, reads: () => [...seen.values()].map(({ key, found }) => ({ key, version: found?.version ?? 0 })) };
}

async function staleOf(store: Store, reads: readonly Read[]): Promise<readonly Key[]> {
  const found = await store.load(reads.map(({ key }) => key));
  return reads.flatMap(({ key, version }, i) => ((found[i]?.version ?? 0) === version ? [] : [key]));
}

function nameOf({ kind, id }: Key): string {
  return `${kind} ${id}`;
}

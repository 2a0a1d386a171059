// Load, decide, commit: what was read is what must still stand; a stale read decides again, within a limit.
import { type Key, type Query, type Store, StoreFault, type StoredRow } from './store.ts';

const attemptsMax = 25;

/** Reads of one attempt. `one` and `many` are remembered with their versions; `list` is a hint that guards nothing. */
export interface Reading<M> {
  one<K extends keyof M & string>(kind: K, id: string): Promise<M[K] | undefined>;
  /** In the order of the ids; missing ones are dropped (and must stay missing). */
  many<K extends keyof M & string>(kind: K, ids: readonly string[]): Promise<readonly M[K][]>;
  list<K extends keyof M & string>(query: Query & { readonly kind: K }): Promise<readonly M[K][]>;
}

export interface Outcome<T> {
  readonly writes: readonly StoredRow[];
  readonly deletes?: readonly Key[];
  readonly value: T;
}

/**
 * Runs `work` until what it read still stands at its commit; at most 25 times, then throws the Fault `store.contended`.
 * Where it writes nothing, nothing is committed and its reads need not stand.
 */
export async function transact<M, T>(store: Store, work: (read: Reading<M>) => Promise<Outcome<T>>): Promise<T> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const seen = new Map<string, { key: Key; version: number; row: StoredRow | undefined }>();
    const { writes, deletes = [], value } = await work(readingOf<M>(store, seen));
    if (writes.length === 0 && deletes.length === 0) return value;
    const reads = [...seen.values()].map(({ key, version }) => ({ key, version }));
    const result = await store.commit({ reads, writes, deletes });
    if (result.ok) return value;
  }
  throw new StoreFault('store.contended', `The same rows were changed by others ${attemptsMax} times in a row; nothing was changed. Try again.`);
}

function readingOf<M>(store: Store, seen: Map<string, { key: Key; version: number; row: StoredRow | undefined }>): Reading<M> {
  const nameOf = ({ kind, id }: Key): string => `${kind}\0${id}`;
  const rows = async (keys: readonly Key[]): Promise<(StoredRow | undefined)[]> => {
    const fresh = keys.filter((key) => !seen.has(nameOf(key)));
    const found = fresh.length > 0 ? await store.load(fresh) : [];
    fresh.forEach((key, i) => seen.set(nameOf(key), { key, version: found[i]?.version ?? 0, row: found[i]?.row }));
    return keys.map((key) => seen.get(nameOf(key))?.row);
  };
  return {
    one: async (kind, id) => (await rows([{ kind, id }]))[0] as never,
    many: async (kind, ids) => (await rows(ids.map((id) => ({ kind, id })))).filter((row) => row !== undefined) as never,
    list: async (query) => (await store.query(query)).map(({ row }) => row) as never,
  };
}

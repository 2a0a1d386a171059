// A store that is asked one call at a time, in the order of the calls, while virtual time stands still: so a real server can be under the
// simulated network, and any two stores of the same meaning give the same trace.
import { type Store, dropPostgres, openPostgres, openSqlite, tables } from '@iog/control/sim';

export interface OuterStore {
  readonly store: Store;
  /** What the world waits for before its next event; undefined where nothing is asked. */
  readonly busy: () => Promise<unknown> | undefined;
  /** Closes it, and removes all that this run has written. */
  readonly remove: () => Promise<void>;
}

/** `sqlite`, or the URL of a PostgreSQL database: there a schema of its own for each seed, so that runs side by side share nothing. */
export async function outerStore(named: string, seed: number): Promise<OuterStore> {
  const { inner, drop } = await (named === 'sqlite' ? inMemory() : inPostgres(named, seed));
  let last: Promise<unknown> | undefined;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    // All that asks in one moment has asked before the first is answered.
    const done = (last ?? turn()).then(work);
    // Whoever was answered goes on before the next is asked: the order of the calls does not depend on how soon answers come.
    const over = done.then(turn, turn);
    last = over;
    void over.then(() => {
      if (last === over) last = undefined;
    });
    return done;
  };
  const store: Store = {
    load: (keys) => inTurn(() => inner.load(keys)),
    query: (query) => inTurn(() => inner.query(query)),
    commit: (commit) => inTurn(() => inner.commit(commit)),
    close: () => inTurn(() => inner.close()),
  };
  const remove = async (): Promise<void> => {
    await store.close();
    await drop();
  };
  return { store, busy: () => last, remove };
}

interface Opened {
  readonly inner: Store;
  readonly drop: () => Promise<void>;
}

async function inPostgres(url: string, seed: number): Promise<Opened> {
  const own = new URL(url);
  own.searchParams.set('schema', `${own.searchParams.get('schema') ?? 'iog'}_sim_${seed}`);
  const drop = (): Promise<void> => dropPostgres(own.href);
  await drop();
  return { inner: await openPostgres({ url: own.href, tables }), drop };
}

function inMemory(): Promise<Opened> {
  return Promise.resolve({
    inner: openSqlite({ path: ':memory:', tables, later: queueMicrotask }),
    drop: () => Promise.resolve(),
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

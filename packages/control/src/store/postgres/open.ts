// The store in a PostgreSQL database: commits that gather while a group is being written go together as the next one.
import { type Commit, type CommitResult, type Store, StoreFault, type TableSpec } from '../store.ts';
import { catalogOf } from '../catalog.ts';
import { type Prepared, prepareCommit } from '../prepare.ts';
import { type Connection, connect, faulting, targetOf } from './connection.ts';
import { storeFaultOf } from './fault.ts';
import { postgresReader } from './read.ts';
import { prepareSchema } from './schema.ts';
import { type PostgresWriter, postgresWriter } from './write.ts';

const mostCommitsOfGroup = 256;
const mostLettersOfGroup = 16 << 20;
const mostCommitsQueued = 16_384;
const readingConnections = 4;
/** Of a cut, a restart, a failover: how long it is waited through. */
const defaultPatienceMs = 10_000;

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database?schema=iog` */
  readonly url: string;
  readonly tables: readonly TableSpec<never>[];
  readonly patienceMs?: number;
}

interface Waiting {
  readonly commit: Prepared;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (fault: Error) => void;
}

/** Makes the schema where there is none. Faults: `store.unavailable`, `store.newer`, and whatever the server does. */
export async function openPostgres({ url, tables, patienceMs = defaultPatienceMs }: PostgresOptions): Promise<Store> {
  const target = targetOf(url);
  const { name } = target;
  const catalog = catalogOf(tables);
  const writing = connect(target, 1);
  let writer: PostgresWriter;
  try {
    await faulting(name, () => prepareSchema(writing, target, catalog));
    writer = await faulting(name, () => postgresWriter(writing, name, patienceMs));
  } catch (cause) {
    await writing.end();
    throw cause;
  }
  const reading: Connection = connect(target, readingConnections);
  const reader = postgresReader(reading, catalog, patienceMs);
  const queue: Waiting[] = [];
  const asked = new Set<Promise<unknown>>();
  let flushing: Promise<void> | undefined;
  let closed = false;

  const flush = async (): Promise<void> => {
    // What the event loop has at hand goes along.
    await new Promise(setImmediate);
    while (queue.length > 0) await writeGroup(writer, name, queue.splice(0, groupLength(queue)));
    flushing = undefined;
  };
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) throw new StoreFault('store.closed', `the store ${name} is closed: open it again`);
    const answer = faulting(name, work);
    asked.add(answer);
    try {
      return await answer;
    } finally {
      asked.delete(answer);
    }
  };

  return {
    load: (keys) => ask(() => reader.load(keys)),
    query: (query) => ask(() => reader.query(query)),
    commit: (commit: Commit) =>
      ask(async () => {
        const prepared = prepareCommit(commit, catalog);
        if (queue.length >= mostCommitsQueued) throw new StoreFault('store.busy', `${queue.length} commits wait for the store: try again`);
        const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
        queue.push({ commit: prepared, resolve, reject });
        flushing ??= flush();
        return promise;
      }),
    async close() {
      if (closed) return;
      closed = true;
      await Promise.allSettled(asked);
      await writer.end();
      await reading.end();
    },
  };
}

function groupLength(queue: readonly Waiting[]): number {
  let letters = 0;
  const end = queue.findIndex(({ commit }, i) => {
    for (const { body } of commit.writes) letters += body.length;
    return i > 0 && (i >= mostCommitsOfGroup || letters > mostLettersOfGroup);
  });
  return end < 0 ? queue.length : end;
}

async function writeGroup(writer: PostgresWriter, name: string, group: readonly Waiting[]): Promise<void> {
  try {
    const results = await writer.write(group.map(({ commit }) => commit));
    group.forEach(({ resolve }, i) => resolve(results[i] as CommitResult));
  } catch (cause) {
    const fault = storeFaultOf(cause, name);
    for (const { reject } of group) reject(fault);
  }
}

/** Removes all that a store has in its database. */
export async function dropPostgres(url: string): Promise<void> {
  const target = targetOf(url);
  const connection = connect(target, 1);
  try {
    await faulting(target.name, () => connection.ask(`DROP SCHEMA IF EXISTS ${target.schema} CASCADE`, []));
  } finally {
    await connection.end();
  }
}

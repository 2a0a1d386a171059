// The store in one SQLite file: commits that have gathered are checked and written as one transaction, and acknowledged after its COMMIT.
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Commit, type CommitResult, type Store, StoreFault, type TableSpec } from '../store.ts';
import { catalogOf } from '../catalog.ts';
import { type Prepared, prepareCommit } from '../prepare.ts';
import { lockDirectory } from './lock.ts';
import { faulting, storeFaultOf } from './fault.ts';
import { sqliteReader } from './read.ts';
import { type DatabaseLimits, inTransaction, openDatabase } from './schema.ts';
import { standingRows } from './standing.ts';
import { sqliteWriter } from './write.ts';

const mostCommitsOfGroup = 256;
const mostCommitsQueued = 16_384;

export interface SqliteOptions extends DatabaseLimits {
  /** A file, whose directory this process then holds for itself; or ':memory:'. */
  readonly path: string;
  readonly tables: readonly TableSpec<never>[];
  /** When a group of commits is written: after what the event loop has at hand. A simulation passes its own. */
  readonly later?: (write: () => void) => void;
}

interface Waiting {
  readonly commit: Prepared;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (fault: Error) => void;
}

/** Faults: `store.in-use`, `store.newer`, and whatever the disk does. */
export function openSqlite({ path, tables, later = setImmediate, ...limits }: SqliteOptions): Store {
  const catalog = catalogOf(tables);
  const lock = path === ':memory:' ? undefined : lockDirectory(dirname(path));
  let database: DatabaseSync;
  try {
    database = faulting(path, () => openDatabase(path, catalog, limits));
  } catch (cause) {
    lock?.release();
    throw cause;
  }
  const standing = standingRows(database, catalog);
  const reader = sqliteReader(database, catalog, standing);
  const write = sqliteWriter(database, standing);
  let queue: Waiting[] = [];
  let closed = false;

  const flush = (): void => {
    const group = queue.slice(0, mostCommitsOfGroup);
    queue = queue.slice(mostCommitsOfGroup);
    if (queue.length > 0) later(flush);
    if (group.length > 0) writeGroup(group);
  };
  const asked = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new StoreFault('store.closed', `the store ${path} is closed: open it again`);
    return faulting(path, work);
  };

  return {
    load: (keys) => asked(() => keys.map(reader.load)),
    query: (query) => asked(() => reader.query(query)),
    commit: async (commit: Commit) => {
      const waiting = await asked(() => enqueue(prepareCommit(commit, catalog)));
      return waiting.promise;
    },
    async close() {
      if (closed) return;
      closed = true;
      while (queue.length > 0) flush();
      faulting(path, () => database.close());
      lock?.release();
    },
  };

  function enqueue(commit: Prepared): { promise: Promise<CommitResult> } {
    if (queue.length >= mostCommitsQueued) throw new StoreFault('store.busy', `${queue.length} commits wait for the disk: try again`);
    const { promise, resolve, reject } = Promise.withResolvers<CommitResult>();
    if (queue.length === 0) later(flush);
    queue.push({ commit, resolve, reject });
    return { promise };
  }

  function writeGroup(group: readonly Waiting[]): void {
    try {
      const results = inTransaction(database, () => write(group.map(({ commit }) => commit)));
      group.forEach(({ resolve }, i) => resolve(results[i] as CommitResult));
    } catch (cause) {
      standing.forget();
      const fault = storeFaultOf(cause, path);
      for (const { reject } of group) reject(fault);
    }
  }
}

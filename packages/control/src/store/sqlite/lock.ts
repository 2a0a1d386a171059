// One process at a time in a data directory. The lock is the kernel's, so that it ends with its holder, however that dies.
import { DatabaseSync } from 'node:sqlite';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StoreFault } from '../store.ts';
import { faulting, storeFaultOf } from './fault.ts';

export interface DirectoryLock {
  release(): void;
}

/**
 * Holds `dir` (made, with mode 0700, where there is none) until released. Faults: `store.in-use` where it is held already, by this process
 * or another; `store.readonly`, `store.io`.
 *
 * An exclusive transaction on an empty database is a portable record lock: unlike an abstract socket it is also seen between containers
 * that share the directory. Nobody else may open `lock`: closing any descriptor of it would end the lock; so the pid is in its own file.
 */
export function lockDirectory(dir: string): DirectoryLock {
  const path = resolve(dir);
  const pidFile = join(path, 'lock.pid');
  faulting(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }));
  const database = exclusive(path, pidFile);
  try {
    faulting(path, () => writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 }));
  } catch (cause) {
    database.close();
    throw cause;
  }
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

function exclusive(path: string, pidFile: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    prepareLock(join(path, 'lock'));
    database = new DatabaseSync(join(path, 'lock'), { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    const fault = storeFaultOf(cause, path);
    // SQLite says only that it cannot open its file; the directory says why.
    if (fault instanceof StoreFault && fault.code === 'store.io') faulting(path, () => rmdirSync(mkdtempSync(join(path, 'probe-'))));
    if (!(fault instanceof StoreFault) || fault.code !== 'store.in-use') throw fault;
    const message = `the data directory ${path} is in use by process ${holder(pidFile)}: stop that process, or choose another directory`;
    throw new StoreFault('store.in-use', message, cause);
  }
}

/** SQLite gives its journal the mode of the database. A lock that is there may be held by this process: it is not opened. */
function prepareLock(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    chmodSync(file, 0o600);
  }
}

function holder(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim();
  } catch {
    return '(just starting)';
  }
}

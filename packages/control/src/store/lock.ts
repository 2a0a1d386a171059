// One process for each data directory. The lock is an abstract Unix socket: the kernel frees it when its process dies, however it dies.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { StoreFault } from './store.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Makes the directory (0700) where it is missing, and takes it. Throws StoreFault `store.in-use` or `store.readonly`. */
export async function lockDirectory(dir: string): Promise<DirectoryLock> {
  try {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    fs.accessSync(dir, fs.constants.W_OK);
  } catch (error) {
    throw new StoreFault('store.readonly', `The data directory ${dir} cannot be written. Choose another with --dir, or correct its permissions.`, { cause: error });
  }
  // The inode tells one directory by all its names.
  const { dev, ino } = fs.statSync(dir);
  const name = createHash('sha256').update(`${dev}/${ino}`).digest('hex').slice(0, 40);
  const server = net.createServer((socket) => socket.end());
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(`\0iog-data-${name}`, resolve));
  } catch (error) {
    const owner = readOwner(dir);
    throw new StoreFault('store.in-use', `The data directory ${dir} is in use by another control${owner}. Stop that one, or choose another directory with --dir.`, { cause: error });
  }
  const pidFile = path.join(dir, 'control.pid');
  fs.writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release: () =>
      new Promise((resolve) => {
        fs.rmSync(pidFile, { force: true });
        server.close(() => resolve());
      }),
  };
}

function readOwner(dir: string): string {
  try {
    return ` (process ${fs.readFileSync(path.join(dir, 'control.pid'), 'utf8').trim()})`;
  } catch {
    return '';
  }
}

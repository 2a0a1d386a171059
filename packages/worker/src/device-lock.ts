// One worker at a time for a device's folder. The lock is a socket that listens there, so that it ends with its holder, however that dies.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another worker of this host runs the device of this folder. */
export class DeviceInUse extends Error {
  override readonly name = 'DeviceInUse';
  readonly code = 'device.in-use';
  /** The process that holds it; undefined where it does not say. */
  readonly pid: number | undefined;
  constructor(dir: string, pid: number | undefined) {
    super(`the device in ${dir} is run by another worker already${pid === undefined ? '' : `, process ${pid}`}: stop that one first`);
    this.pid = pid;
  }
}

export interface DeviceLock {
  release(): Promise<void>;
}

const pollMs = 100;
const answerWithinMs = 5_000;

/**
 * Holds the device of `dir`, by whatever path it is reached; rejects DeviceInUse where another process holds it for longer than `withinMs`:
 * a worker whose supervisor was killed takes a while to end. Two workers at once would take the session from each other for ever, and sweep
 * each other's nodes. The sockets lie in the folder, so that only whoever may write there can hold it.
 */
export async function lockDevice(dir: string, withinMs: number): Promise<DeviceLock> {
  const until = performance.now() + withinMs;
  for (;;) {
    const asked = await hold(dir);
    if ('release' in asked) return asked;
    if (performance.now() >= until) throw new DeviceInUse(dir, asked.pid);
    // Of two that came at once both may have stepped back.
    await sleep(pollMs * (0.5 + Math.random()));
  }
}

const lockName = /^lock-[0-9a-f]{32}$/;

/**
 * Who finds no other live socket after showing its own holds the device: of two, the later sees the earlier. A name is never used again, so a
 * socket whose process has died can be removed by anyone at any time.
 */
async function hold(dir: string): Promise<DeviceLock | { readonly pid: number | undefined }> {
  const folder = openSync(dir, 'r');
  try {
    // By the descriptor: the path of a socket has at most 107 bytes.
    const base = `/proc/self/fd/${folder}`;
    const own = `lock-${randomBytes(16).toString('hex')}`;
    const server = await listen(`${base}/.new-${own}`);
    // Shown only once it listens: before, it would look like one of the dead.
    renameSync(join(base, `.new-${own}`), join(base, own));
    const lock = {
      release: (): Promise<void> => {
        rmSync(join(dir, own), { force: true });
        return new Promise((released) => server.close(() => released()));
      },
    };
    for (const name of readdirSync(base)) {
      if (name === own || !lockName.test(name)) continue;
      const holder = await holderOf(join(base, name));
      if (holder !== 'dead') {
        await lock.release();
        return { pid: holder };
      }
      rmSync(join(base, name), { force: true });
    }
    return lock;
  } finally {
    closeSync(folder);
  }
}

function listen(path: string): Promise<net.Server> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Server>();
  // Whoever finds it held is told by whom.
  const server = net.createServer((socket) => socket.on('error', () => socket.destroy()).end(`${process.pid}\n`));
  server.once('error', reject);
  server.listen({ path }, () => resolve(server.unref()));
  return promise;
}

/** The process behind a socket, undefined where it does not say. */
function holderOf(path: string): Promise<number | undefined | 'dead'> {
  const { promise, resolve } = Promise.withResolvers<number | undefined | 'dead'>();
  const socket = net.connect(path);
  let said = '';
  socket.setTimeout(answerWithinMs, () => socket.destroy());
  socket.on('data', (chunk) => (said += chunk.toString('latin1', 0, 16)));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve('dead');
  });
  socket.once('close', () => resolve(/^[0-9]{1,10}\n$/.test(said) ? Number(said) : undefined));
  return promise;
}

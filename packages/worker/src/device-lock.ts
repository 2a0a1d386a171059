// One worker at a time for a device's folder. The lock is the kernel's, a name without a file, so that it ends with its holder, however that dies.
import { statSync } from 'node:fs';
import net from 'node:net';
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
 * each other's nodes. Not seen from another network namespace.
 */
export async function lockDevice(dir: string, withinMs: number): Promise<DeviceLock> {
  const { dev, ino } = statSync(dir);
  const name = `\0iog-device-${dev}-${ino}`;
  const until = performance.now() + withinMs;
  for (;;) {
    const server = await hold(name);
    if (server !== undefined) return { release: () => new Promise((released) => server.close(() => released())) };
    if (performance.now() >= until) throw new DeviceInUse(dir, await holderOf(name));
    await sleep(pollMs);
  }
}

/** Undefined where the name is held. */
function hold(name: string): Promise<net.Server | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Server | undefined>();
  // Whoever finds it held is told by whom.
  const server = net.createServer((socket) => socket.on('error', () => socket.destroy()).end(`${process.pid}\n`));
  server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
  server.listen({ path: name }, () => resolve(server.unref()));
  return promise;
}

function holderOf(name: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const socket = net.connect(name);
  let said = '';
  socket.setTimeout(answerWithinMs, () => socket.destroy());
  socket.on('data', (chunk) => (said += chunk.toString('latin1', 0, 16)));
  socket.on('error', () => undefined);
  socket.once('close', () => resolve(/^[0-9]{1,10}\n$/.test(said) ? Number(said) : undefined));
  return promise;
}

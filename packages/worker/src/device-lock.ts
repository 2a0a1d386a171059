// One worker at a time for a device's folder. The lock is the kernel's, a name without a file, so that it ends with its holder, however that dies.
import { statSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Another worker of this host runs the device of this folder. */
export class DeviceInUse extends Error {
  override readonly name = 'DeviceInUse';
  readonly code = 'device.in-use';
}

export interface DeviceLock {
  release(): Promise<void>;
}

const pollMs = 100;

/**
 * Holds the device of `dir`, by whatever path it is reached; rejects DeviceInUse where another process holds it for longer than `withinMs`:
 * a worker whose supervisor was killed takes a while to end. Two workers at once would take the session from each other for ever, and sweep
 * each other's nodes. Not seen from another network namespace.
 */
export async function lockDevice(dir: string, withinMs: number): Promise<DeviceLock> {
  const { dev, ino } = statSync(dir);
  const until = performance.now() + withinMs;
  for (;;) {
    const server = await hold(`\0iog-device-${dev}-${ino}`);
    if (server !== undefined) return { release: () => new Promise((released) => server.close(() => released())) };
    if (performance.now() >= until) throw new DeviceInUse(`the device in ${dir} is run by another worker already: stop that one first`);
    await sleep(pollMs);
  }
}

/** Undefined where the name is held. */
function hold(name: string): Promise<net.Server | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Server | undefined>();
  const server = net.createServer((socket) => socket.destroy());
  server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
  server.listen({ path: name }, () => resolve(server.unref()));
  return promise;
}

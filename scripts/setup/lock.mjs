// One set-up at a time for each clone.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDir, root, SetupError } from './shell.mjs';

const RETRY_MS = 200;
const WAIT_LIMIT_MS = 10 * 60_000;

/** Waits for its turn. The kernel frees an abstract socket with its last holder, so a killed set-up leaves no stale lock. */
export async function takeLock(say) {
  const isLinux = process.platform === 'linux';
  const address = isLinux ? `\0iog-setup-${createHash('sha256').update(root).digest('hex')}` : path.join(cacheDir, 'setup.sock');
  const started = Date.now();
  for (let attempt = 0; Date.now() - started < WAIT_LIMIT_MS; attempt += 1) {
    const server = await listen(address);
    // oxlint-disable-next-line no-underscore-dangle -- the only way to hand a listening socket to a child
    if (server) return { fd: server._handle?.fd, waitedMs: attempt === 0 ? 0 : Date.now() - started, release: () => server.close() };
    if (attempt === 0) say('another set-up of this clone is running; waiting for it');
    if (!isLinux && !(await isAlive(address))) fs.rmSync(address, { force: true });
    await sleep(RETRY_MS);
  }
  throw new SetupError('Another set-up of this clone has been running for 10 minutes. Stop it and try again.');
}

function listen(address) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAlive(address) {
  return new Promise((resolve) => {
    const socket = net.connect(address, () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(false));
  });
}

// Connections on which nothing moves: whoever asks and never reads the answer is cut; whoever reads goes on.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { stillSocketMs } from '../limits.ts';
import { startRig, until } from '../test/rig.ts';

const channel = 'http.server.request.start';

test('a connection whose answers nobody reads is cut once nothing has moved on it for a while', async (t) => {
  const rig = await startRig(t);
  const server = await serverOf(t, rig.url);
  assert.equal(server.timeout, stillSocketMs);
  server.setTimeout(500);
  const port = Number(new URL(rig.url).port);
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  // More than the machine's own buffers take.
  socket.write('GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200));
  await until('the connection', async () => (await openOf(server)) === 1);
  await until('the cut', async () => (await openOf(server)) === 0);
  assert.equal((await fetch(`${rig.url}/v1/openapi.json`)).status, 200);
});

/** Control's own server, as node tells of it with the next request. */
async function serverOf(t: TestContext, url: string): Promise<Server> {
  let found: Server | undefined;
  const told = (message: unknown): void => void (found = (message as { readonly server: Server }).server);
  subscribe(channel, told);
  t.after(() => unsubscribe(channel, told));
  await fetch(`${url}/healthz`, { headers: { connection: 'close' } });
  assert.ok(found);
  return found;
}

/** Connections that are open beside those that this test's fetch keeps. */
function openOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
}

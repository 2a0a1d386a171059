// How many connections the server takes at all: whoever comes beyond that is cut.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { connectionsMost } from '../limits.ts';
import { testPorts } from '../test/ports.ts';
import { until } from '../test/rig.ts';
import { openPlaces } from './open-places.ts';
import { httpServer } from './server.ts';

test('no more connections are taken than there are places, and the next is cut', async (t) => {
  const app = httpServer(testPorts(t).ports, {} as never, () => () => undefined, {} as never, openPlaces());
  t.after(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as net.AddressInfo;
  assert.equal(app.server.maxConnections, connectionsMost);
  // So many would take too long here.
  app.server.maxConnections = 2;
  const open = (): net.Socket => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    t.after(() => socket.destroy());
    return socket;
  };
  const taken = [open(), open()];
  await until('both', () => app.server.listening && taken.every(({ readyState }) => readyState === 'open'));
  const third = open().resume();
  await until('the third to be cut', () => third.closed);
  assert.ok(taken.every(({ closed }) => !closed));
});

// The tunnel as a whole: real sockets on loopback, from a renter's client through control to a port on the device.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { backend, key, lease, listen, otherLease, readAll, startRig, until, type Rig } from './tunnel-rig.ts';
import { createServer } from 'node:net';

const mine = { lease, target: 'dashboard', key } as const;
const echo = (socket: Socket): void => void socket.pipe(socket);
let rig: Rig;
let behind: Awaited<ReturnType<typeof backend>>;
let serve = echo;

before(async () => {
  behind = await backend((socket) => serve(socket));
  rig = await startRig({ port: behind.port });
});
after(async () => {
  await rig.close();
  behind.close();
});

test('20 MB go out and come back intact, and control sees the ids but no plaintext', async () => {
  const tunnel = rig.client();
  const stream = await tunnel.connect(mine);
  const marker = Buffer.from('MARKER-THAT-CONTROL-MUST-NOT-SEE');
  const sent = Buffer.concat([randomBytes(10_000_000), marker, randomBytes(10_000_000), marker]);
  stream.end(sent);
  const got = await readAll(stream);
  assert.ok(got.equals(sent));
  const seen = Buffer.concat(rig.tap);
  assert.ok(seen.length > 40_000_000);
  assert.ok(seen.includes(`dashboard.${lease}`), 'the tap works: the name of the target is visible');
  assert.ok(!seen.includes(marker));
  rig.tap.length = 0;
  await until(() => rig.board.stats().streams === 0);
});

test('each half closes for itself', async () => {
  serve = (socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length));
    socket.once('end', () => socket.end(`got ${bytes}`));
  };
  const stream = await rig.client().connect(mine);
  stream.end('12345');
  assert.equal((await readAll(stream)).toString(), 'got 5');

  // The other way round: the device's side ends first, and still hears.
  const heard = new Promise<Buffer>((resolve, reject) => {
    serve = (socket) => {
      socket.end('first');
      readAll(socket).then(resolve, reject);
    };
  });
  const other = await rig.client().connect(mine);
  assert.equal((await readAll(other, { keepOpen: true })).toString(), 'first');
  other.end('after your end');
  assert.equal((await heard).toString(), 'after your end');
});

test('a break on either side is a break on the other, never an end', async () => {
  serve = (socket) => {
    socket.write('half of it');
    socket.once('data', () => socket.resetAndDestroy());
  };
  const stream = await rig.client().connect(mine);
  await once(stream, 'readable');
  stream.write('go');
  await assert.rejects(readAll(stream));

  let ended = false;
  serve = (socket) => {
    socket.resume().once('end', () => (ended = true));
    socket.write('x');
  };
  const dropped = await rig.client().connect(mine);
  await once(dropped, 'readable');
  const [socket] = [...behind.open].slice(-1);
  assert.ok(socket);
  dropped.destroy();
  await until(() => !behind.open.has(socket));
  assert.ok(!ended, 'a dropped connection must not look complete');
  assert.equal((socket.errored as { code?: string } | null)?.code, 'ECONNRESET');
});

test('a wrong key, and a lease that the device does not run, are refused', async () => {
  const earlier = behind.open.size;
  const tunnel = rig.client();
  await assert.rejects(tunnel.connect({ ...mine, key: new Uint8Array(32).fill(8) }), { name: 'TunnelError' });
  await assert.rejects(tunnel.connect({ ...mine, lease: otherLease }), { name: 'TunnelError', status: 502 });
  const named = await tunnel.connect({ ...mine, target: 'ssh' as 'gcs' });
  await assert.rejects(readAll(named));
  assert.equal(behind.open.size, earlier, 'nothing reached the host');
});

test('other accounts, unknown leases, absent devices and a failing check each have their answer', async () => {
  await assert.rejects(rig.client('theirs').connect(mine), { status: 403 });
  await assert.rejects(rig.client().connect({ ...mine, lease: 'lea_unknown' }), { status: 403 });
  await assert.rejects(rig.client().connect({ ...mine, lease: 'lea_lost' }), { status: 503 });
  await assert.rejects(rig.client('broken').connect(mine), { status: 502 });
  await assert.rejects(rig.client('nobody').connect(mine), { status: 401 });
});

test('a device cut in mid-stream breaks the stream, and its tunnel comes back', async () => {
  serve = echo;
  const tunnel = rig.client();
  const stream = await tunnel.connect(mine);
  stream.write(Buffer.alloc(1_000_000));
  await once(stream, 'data');
  for (const ws of rig.sockets.devices) ws.terminate();
  await assert.rejects(readAll(stream));
  await until(() => rig.board.stats().devices === 1 && rig.end.connected());
  const again = await tunnel.connect(mine);
  again.end('hello');
  assert.equal((await readAll(again)).toString(), 'hello');
  rig.tap.length = 0;
});

test('a client cut in mid-stream dials anew; control outlives carriers that carry rubbish', async () => {
  const tunnel = rig.client();
  const stream = await tunnel.connect(mine);
  const broken = assert.rejects(readAll(stream));
  stream.write(Buffer.alloc(1_000_000));
  for (const ws of rig.sockets.clients) ws.terminate();
  await broken;
  const again = await tunnel.connect(mine);
  again.end('hello');
  assert.equal((await readAll(again)).toString(), 'hello');

  for (const rubbish of [randomBytes(100), Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish'), 'a text frame']) {
    const ws = new WebSocket(`${rig.url}/client`, { headers: { authorization: 'mine' } });
    await once(ws, 'open');
    ws.send(rubbish);
    ws.on('error', () => {});
    // Below the WebSocket's framing.
    (Reflect.get(ws, '_socket') as Socket).write(randomBytes(64));
    await once(ws, 'close');
  }
  assert.equal(rig.board.stats().devices, 1);
});

test('500 quick aborts leave the session alive', async () => {
  const tunnel = rig.client();
  const first = await tunnel.connect(mine);
  for (let round = 0; round < 20; round++) {
    const opened = await Promise.all(Array.from({ length: 25 }, () => tunnel.connect(mine)));
    for (const stream of opened) {
      stream.on('error', () => {});
      stream.destroy();
    }
  }
  first.end('still here');
  assert.equal((await readAll(first)).toString(), 'still here');
  await until(() => rig.board.stats().streams === 0 && behind.open.size === 0);
});

test('one client holds no more streams than it may; the newest socket of a device wins; a dropped device dials again; one that left is away', async () => {
  const small = await startRig({ port: behind.port, maxStreamsPerClient: 2 });
  const tunnel = small.client();
  const [one, two] = [await tunnel.connect(mine), await tunnel.connect(mine)];
  await assert.rejects(tunnel.connect(mine), { status: 429 });
  two.write('x');
  await once(two, 'data');
  one.end();
  assert.equal((await readAll(one)).length, 0);
  await until(() => small.board.stats().streams === 1);
  (await tunnel.connect(mine)).on('error', () => {}).destroy();
  small.board.dropDevice('dev_unknown');
  const [earlier] = small.sockets.devices;
  small.board.dropDevice('dev_0123456789abcdefghjkmnpqrs');
  await until(() => small.board.stats().devices === 1 && !small.sockets.devices.has(earlier ?? assert.fail()));
  two.on('error', () => {});
  const last = await tunnel.connect(mine);
  small.end.close();
  await assert.rejects(readAll(last));
  await until(() => small.board.stats().devices === 0);
  await assert.rejects(tunnel.connect(mine), { status: 503 });
  await small.close();
});

test('a client without a network to speak to says so', async () => {
  const closed = createServer();
  const port = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  const { openTunnel } = await import('../packages/client/src/tunnel/tunnel-client.ts');
  const tunnel = openTunnel({ url: `ws://127.0.0.1:${port}`, headers: {} });
  await assert.rejects(tunnel.connect(mine), /could not be opened: connect ECONNREFUSED/);
});

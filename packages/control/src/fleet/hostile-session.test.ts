// Devices that behave badly, over real sockets: each is bounded, is told why, and leaves the others alone.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { sessionLimits } from '../limits.ts';
import { admittedFake, connectFake, enrolFake } from '../test/fake-device.ts';
import { quickPolicy, startRig, until } from '../test/rig.ts';

test('a device that floods its session is ended with the reason, also over several sessions; others go on', async (t) => {
  const rig = await startRig(t);
  const other = await admittedFake(rig);
  const enrolled = await enrolFake(rig);
  for (let i = 0; i < 2; i++) {
    const device = await connectFake(rig, enrolled);
    for (let n = 0; n < sessionLimits.messages.burst + 500 && !device.closed(); n++) device.beat();
    await until('the end', () => device.closed());
    const refused = device.received.find((each) => each.type === 'refused');
    assert.deepEqual([device.closed()?.reason, refused?.code], ['session.flooded', 'session.flooded']);
  }
  assert.equal(other.closed(), undefined);
});

test('a device that comes back a hundred times a second is told when to, by a word of its link version', async (t) => {
  const rig = await startRig(t);
  const enrolled = await enrolFake(rig);
  let last = await connectFake(rig, enrolled, { max: 2 });
  for (let i = 0; i < sessionLimits.opens.burst + 20 && last.epoch() > 0; i++) {
    last.close();
    last = await connectFake(rig, enrolled, { max: 2 });
  }
  assert.equal(last.epoch(), 0);
  const bye = last.received.find((each) => each.type === 'bye');
  assert.ok(bye?.type === 'bye' && bye.retryInMs > 0 && bye.retryInMs <= 1_000);
  assert.equal(last.closed()?.code, 1013);
  const old = await connectFake(rig, enrolled, { max: 1 });
  await until('the close', () => old.closed());
  assert.deepEqual([old.epoch(), old.closed()?.code, old.received.some(({ type }) => type === 'bye')], [0, 1013, false]);
  await until('its time', async () => (await connectFake(rig, enrolled, { max: 2 })).epoch() > 0);
});

test('a device that falls silent without closing is cut, and one that says nothing of itself too', async (t) => {
  const rig = await startRig(t, { session: { ...quickPolicy.session, silentAfterMs: 700 } });
  const silent = await connectFake(rig, await enrolFake(rig));
  silent.deafen();
  await until('control to see it', () => rig.lines.some(({ event }) => event === 'session.closed'));
  await until('the cut', () => silent.closed());
});

test('an upgrade that comes byte by byte is cut in bounded time', { timeout: 40_000 }, async (t) => {
  const rig = await startRig(t);
  const { port } = new URL(rig.url);
  const socket = net.connect(Number(port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  let isEnded = false;
  socket.once('close', () => (isEnded = true));
  socket.write('GET /v1/link HTTP/1.1\r\nHost: x\r\n');
  const drip = setInterval(() => socket.write('a'), 200);
  t.after(() => clearInterval(drip));
  await until('the cut', () => isEnded, 20_000);
  const stranger = new WebSocket(`${rig.url.replace('http', 'ws')}/v1/link`);
  stranger.on('error', () => undefined);
  let code = 0;
  stranger.once('close', (said) => (code = said));
  await until('the stranger to be cut', () => code !== 0, 20_000);
});

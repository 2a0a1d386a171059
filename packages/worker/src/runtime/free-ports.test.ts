// Blocks of ports: never one that is held, in use, or where Ray's own unpinned servers go.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { holdAgain, holdPorts, takenPort } from './free-ports.ts';

test('a held block is given to nobody else until it is released', async () => {
  const first = await holdPorts(Math.random);
  assert.equal(await holdAgain(first.ports), undefined);
  first.release();
  const again = await holdAgain(first.ports);
  assert.deepEqual(again?.ports, first.ports);
  again?.release();
});

test('a block with a port in use is passed over, and the port is named', async () => {
  const { ports, release } = await holdPorts(Math.random);
  release();
  const other = net.createServer().listen(ports.workerMax, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  try {
    assert.equal(await takenPort(ports), ports.workerMax);
    const always = (): number => (ports.base - 20_000 + 1) / 12_000;
    await assert.rejects(holdPorts(always), /No free block of 80 ports/);
  } finally {
    other.close();
  }
});

test("no block reaches into the ports of ray:// clients' servers, and all lie below those of outgoing connections", async () => {
  for (let block = 0; block < 150; block++) {
    // The wanted block first; where it may not be given, one that may.
    let asked = 0;
    const held = await holdPorts(() => (asked++ === 0 ? block / 150 : Math.random()));
    held.release();
    const { base, workerMax } = held.ports;
    assert.ok(workerMax < 23_000 || base >= 24_000, `block ${base} to ${workerMax}`);
    assert.ok(workerMax < 32_000);
  }
});

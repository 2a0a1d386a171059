// The check of capacity answers in its thread: right, wrong, bounded, and stopped.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CapacityDemand } from '@iog/core';
import { argon2Chain, fromHex, randomBytes, sha256hex, threadSalt } from '@iog/seal';
import { capacityVerifier } from './verify-capacity.ts';

const demandOf = (changes: Partial<CapacityDemand> = {}): CapacityDemand => ({
  type: 'capacity',
  id: 'a'.repeat(64),
  salt: 'b'.repeat(64),
  threads: 2,
  memoryKib: 64,
  passes: 1,
  links: 1,
  withinMs: 1_000,
  ...changes,
});
const digestsOf = (demand: CapacityDemand) =>
  Array.from({ length: demand.threads }, (_, i) => sha256hex(argon2Chain({ ...demand, salt: threadSalt(fromHex(demand.salt), i) })));
function verifierOf(t: TestContext, limit?: number, random: (bytes: number) => Uint8Array = randomBytes) {
  const verifier = capacityVerifier(random, limit);
  t.after(() => verifier.stop());
  return verifier;
}

test('the digests of the work hold; any other, or another number of them, does not', async (t) => {
  const drawn = (thread: number) => verifierOf(t, 10, () => Uint8Array.from([0, thread]));
  const demand = demandOf();
  const [first = '', second = ''] = digestsOf(demand);
  for (const thread of [0, 1]) assert.equal(await drawn(thread).verify(demand, [first, second]), true);
  assert.equal(await drawn(0).verify(demand, [second, first]), false);
  assert.equal(await drawn(1).verify(demand, [first, first]), false);
  assert.equal(await drawn(0).verify(demand, [first]), false);
  assert.equal(await drawn(0).verify(demand, [first, second, second]), false);
});

test('checks are each answered for themselves, in any number up to the limit; the main thread goes on meanwhile', async (t) => {
  const verifier = verifierOf(t, 8);
  const heavy = demandOf({ threads: 1, memoryKib: 4_096, links: 8 });
  const digests = digestsOf(heavy);
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  t.after(() => clearInterval(counting));
  const checks = Array.from({ length: 8 }, (_, i) => verifier.verify(heavy, i % 2 === 0 ? digests : [sha256hex('idle')]));
  await assert.rejects(verifier.verify(heavy, digests), /8 capacity checks wait already/);
  assert.deepEqual(
    await Promise.all(checks),
    checks.map((_, i) => i % 2 === 0),
  );
  assert.ok(turns > 10, `${turns} turns`);
  assert.equal(await verifier.verify(heavy, digests), true);
});

test('a thread that fails rejects what waits, and the next check has a new one', async (t) => {
  const verifier = verifierOf(t);
  await assert.rejects(verifier.verify(demandOf({ memoryKib: 0 }), digestsOf(demandOf())));
  assert.equal(await verifier.verify(demandOf(), digestsOf(demandOf())), true);
});

test('a stop rejects what waits, and whatever is asked afterwards', async (t) => {
  const verifier = verifierOf(t);
  const waiting = assert.rejects(verifier.verify(demandOf({ links: 10_000, memoryKib: 4_096 }), digestsOf(demandOf())), /stopped/);
  await verifier.stop();
  await waiting;
  await assert.rejects(verifier.verify(demandOf(), digestsOf(demandOf())), /stopped/);
});

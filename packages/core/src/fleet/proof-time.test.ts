// A capacity proof that was good when a node was placed is good when the node begins, and is renewed before it is too short.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { laptopPolicy, type Policy } from '@iog/protocol';
import { place } from '../placement/place.ts';
import { offerView } from '../market/offer.ts';
import { admissible, capacityDue, capacityObjection, judgeCapacity, proofExpired } from './capacity.ts';
import { deviceView } from './device-view.ts';
import { sampleDevice, sampleNow as now } from './sample-device.ts';

const policies = fc
  .record({ validMs: fc.integer({ min: 1, max: 1e8 }), withinMs: fc.integer({ min: 1, max: 60_000 }), formWithinMs: fc.nat(1e7) })
  .map(({ validMs, withinMs, formWithinMs }): Policy => ({
    ...laptopPolicy,
    capacity: { ...laptopPolicy.capacity, validMs, withinMs },
    cluster: { ...laptopPolicy.cluster, formWithinMs },
  }));
const demand = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 60_000 };
const live = { connected: true, rttMs: 1 };
const ending = (inMs: number) => {
  const device = sampleDevice(1);
  return { ...device, proof: { ...device.proof!, expiresAt: now + inMs } };
};

test('law: what is placed now has a valid proof at any T1 within the forming time', () => {
  fc.assert(
    fc.property(policies, fc.nat(2e7), fc.integer({ min: 0, max: 100 }), (policy, inMs, percent) => {
      const device = ending(inMs);
      const isPlaced = place([{ device, ...live }], demand, now, policy).nodes !== null;
      assert.equal(isPlaced, inMs > policy.cluster.formWithinMs);
      assert.equal(offerView(device, live, now, policy) !== null, isPlaced);
      if (isPlaced) assert.equal(proofExpired(device, now + Math.floor((percent * policy.cluster.formWithinMs) / 100)), false);
    }),
  );
});

test('law: under a policy that can be run, an idle device is asked for its proof before it takes no lease for the lack of it', () => {
  fc.assert(
    fc.property(policies, fc.nat(2e8), (policy, inMs) => {
      fc.pre(capacityObjection(policy) === undefined);
      const device = ending(inMs);
      if (!capacityDue(device, now, policy)) assert.ok(admissible(device, now, policy));
      const judged = judgeCapacity({ digestsOk: true, tookMs: 1, threads: 2, policy, now });
      assert.ok(judged.ok);
      const proved = { ...device, proof: judged.proof };
      assert.ok(admissible(proved, now, policy));
      // A fresh proof is not asked for again at once: not for as long as a demand may take.
      assert.equal(capacityDue(proved, now + policy.capacity.withinMs, policy), false);
    }),
  );
});

test('the policy of a laptop can be run; one whose proofs end before a node has begun cannot', () => {
  assert.equal(capacityObjection(laptopPolicy), undefined);
  const short = { ...laptopPolicy, capacity: { ...laptopPolicy.capacity, validMs: laptopPolicy.cluster.formWithinMs } };
  assert.match(capacityObjection(short) ?? '', /capacity\.validMs is 180000/);
});

test('a device whose proof is too short for a lease says that it waits for a new one', () => {
  const view = deviceView(ending(laptopPolicy.cluster.formWithinMs), { connected: true, lastSeenAt: now }, now, laptopPolicy);
  assert.deepEqual([view.state, view.waitsFor], ['waiting', 'waits for a new capacity proof']);
  const good = deviceView(ending(laptopPolicy.cluster.formWithinMs + 1), { connected: true, lastSeenAt: now }, now, laptopPolicy);
  assert.deepEqual([good.state, good.waitsFor], ['admitted', '']);
});

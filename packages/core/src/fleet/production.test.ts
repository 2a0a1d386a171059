// The least that the production policy wants of a device: what falls short is not admitted, and is told the number that is and the number wanted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CapacityProof, laptopPolicy, productionPolicy } from '@iog/protocol';
import { admissible, capacityDue, recordProof } from './capacity.ts';
import { deviceView } from './device-view.ts';
import { sampleDevice, sampleNow as now } from './sample-device.ts';

const proof: CapacityProof = { at: now, expiresAt: now + 24 * 3_600_000, threads: 2, tookMs: 900, basis: 'declared' };
const units = { cores: [0, 1], memoryBytes: 16_000_000_000, diskBytes: 600_000_000_000, gpus: [] };

function proven(changes: Partial<typeof units>, rttMs: number | null, policy = productionPolicy) {
  const waiting = sampleDevice(1, { state: 'waiting', proof: null, units: { ...units, ...changes } });
  const decision = recordProof(waiting, proof, { now, policy, rttMs });
  assert.ok(decision.ok);
  const device = decision.value;
  const { state, waitsFor } = deviceView(device, { connected: true, lastSeenAt: now }, now, policy);
  return { device, state, waitsFor, isAdmissible: admissible(device, now, policy) };
}

test('what falls short waits, and is told what it has and what is wanted', () => {
  const cases = [
    [{}, 40, 'admitted', ''],
    [{ diskBytes: 120_000_000_000 }, 40, 'waiting', 'waits for 500 GB of disk: it declares 120 GB'],
    [{ memoryBytes: 8_000_000_000 }, 40, 'waiting', 'waits for 12 GB of memory: it declares 8 GB'],
    [{}, 812, 'waiting', 'waits for a round trip of at most 300 ms: 812 ms were measured'],
  ] as const;
  for (const [changes, rttMs, state, waitsFor] of cases) {
    const found = proven(changes, rttMs);
    assert.deepEqual([found.state, found.waitsFor, found.isAdmissible], [state, waitsFor, state === 'admitted']);
  }
});

test('a slow link is measured again after a while, and may be better then', () => {
  const { device } = proven({}, 812);
  assert.equal(capacityDue(device, now + 60_000, productionPolicy), false);
  assert.equal(capacityDue(device, now + 600_000, productionPolicy), true);
  const again = recordProof(device, { ...proof, at: now + 600_000 }, { now: now + 600_000, policy: productionPolicy, rttMs: 50 });
  assert.ok(again.ok && again.value.state === 'admitted');
});

test('the laptop policy asks and writes nothing of this', () => {
  const { device, state } = proven({ diskBytes: 0, memoryBytes: 2_000_000_000 }, 5_000, laptopPolicy);
  assert.deepEqual([state, 'rttMs' in device], ['admitted', false]);
});

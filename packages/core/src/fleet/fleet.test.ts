// A device's life: enrolment, approval, proof, draining, removal, and how it looks in each.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Enrolment, laptopPolicy as policy } from '@iog/protocol';
import type { DeviceRow, EnrolmentRow } from '../rows.ts';
import type { Decision } from '../decision.ts';
import { admissible, capacityDemand, capacityDue, judgeCapacity, recordProof } from './capacity.ts';
import { drain, openSession, relocate, remove, reprice, resume } from './device.ts';
import { deviceView, reputation } from './device-view.ts';
import { approve, enrolmentOpen, enrolmentView } from './enrolment.ts';
import { sampleAccount, sampleDevice, sampleEnrolment, sampleGpu, sampleId, sampleLease, sampleNow as now } from './sample-device.ts';

const by = { account: sampleAccount, deviceId: sampleId('dev', 9), now, policy };
const busy = sampleDevice(1, { live: [{ lease: sampleLease(1), slice: { cores: [0, 1], memoryBytes: 1, gpus: [] } }] });

function valueOf<T>(decision: Decision<T>): T {
  assert.ok(decision.ok, JSON.stringify(decision));
  return decision.value;
}
const codeOf = (decision: Decision<unknown>): string | undefined => (decision.ok ? undefined : decision.rejection.code);
const opened = (changes: Partial<Enrolment> = {}): EnrolmentRow => valueOf(enrolmentOpen(sampleEnrolment(changes), now, policy));
const units = sampleEnrolment().units;
const joins = (changes: Partial<Enrolment>, others: readonly DeviceRow[]) => approve(opened(changes), by, others);

test('an enrolment is refused for its runtime, for too little, for units named twice', () => {
  assert.equal(codeOf(enrolmentOpen(sampleEnrolment(), now, { ...policy, runtimes: [] })), 'policy.runtime');
  const wrong = [
    { ...units, memoryBytes: policy.minimum.memoryBytes - 1 },
    { ...units, cores: [] },
    { ...units, cores: [0, 0] },
    { ...units, gpus: [sampleGpu(1), sampleGpu(1)] },
  ];
  for (const bad of wrong) assert.equal(codeOf(enrolmentOpen(sampleEnrolment({ units: bad }), now, policy)), 'request.refused');
});

test('a code belongs to the device that said it first, until it expires', () => {
  const row = opened();
  assert.deepEqual(enrolmentOpen(row.enrolment, now + 1, policy, row), { ok: true, rows: [], value: row });
  const other = sampleEnrolment({ publicKey: 'x'.repeat(43) });
  assert.equal(codeOf(enrolmentOpen(other, now, policy, row)), 'request.refused');
  assert.equal(valueOf(enrolmentOpen(other, row.expiresAt, policy, row)).enrolment, other);
  assert.equal(enrolmentView(row, row.expiresAt).state, 'expired');
});

test('no more devices wait than the policy lets; who waits already may say it again', () => {
  const most = policy.limits.waitingEnrolments;
  assert.equal(codeOf(enrolmentOpen(sampleEnrolment(), now, policy, undefined, most)), 'enrolment.full');
  assert.equal(codeOf(enrolmentOpen(sampleEnrolment(), now, policy, undefined, most - 1)), undefined);
  assert.equal(codeOf(enrolmentOpen(sampleEnrolment(), now, policy, opened(), most)), undefined);
});

test('approving makes a waiting device; approving again names it; others learn nothing', () => {
  const decision = approve(opened(), by, []);
  const device = valueOf(decision);
  assert.deepEqual([device.state, device.id, device.account, device.prices], ['waiting', by.deviceId, sampleAccount, policy.defaultPrices]);
  const row = decision.ok ? decision.rows.find((each) => each.kind === 'enrolment') : undefined;
  assert.ok(row?.kind === 'enrolment' && row.state === 'approved' && row.device === device.id);
  const again = approve(row, { ...by, region: 'eu-west' }, [device]);
  assert.deepEqual(again, { ok: false, rejection: { code: 'enrolment.approved', context: { code: row.id, device: device.id } } });
  assert.equal(codeOf(approve(row, { ...by, account: sampleId('acc', 2) }, [device])), 'enrolment.unknown');
  assert.equal(codeOf(approve(opened(), { ...by, now: now + policy.limits.enrolmentMs }, [])), 'enrolment.unknown');
});

test('a device that enrols again with its key stays that device; with other units it must prove them anew', () => {
  const before = sampleDevice(1, { epoch: 7, provenMs: 5 });
  assert.deepEqual(valueOf(approve(opened(), by, [before])), before);
  const more = valueOf(approve(opened({ units: { ...units, cores: [0, 1, 2] } }), by, [before]));
  assert.deepEqual([more.id, more.epoch, more.provenMs, more.state, more.proof], [before.id, 7, 5, 'waiting', null]);
  assert.equal(codeOf(approve(opened({ units: { ...units, cores: [0] } }), by, [busy])), 'device.busy');
  assert.equal(codeOf(approve(opened(), { ...by, account: sampleId('acc', 2) }, [before])), 'device.state');
  assert.equal(valueOf(approve(opened(), by, [{ ...before, state: 'removed' }])).id, by.deviceId);
});

test('a core is not offered twice by one host of an account, unless the joiner says so', () => {
  const [first, gone] = [sampleDevice(2, { name: 'attic' }), sampleDevice(3, { state: 'removed' })];
  const refused = joins({ units: { ...units, cores: [1, 2] } }, [gone, first]);
  const context = { device: first.id, name: 'attic', host: 'host', cores: '1' };
  assert.deepEqual(refused, { ok: false, rejection: { code: 'device.overlap', context } });
  assert.equal(joins({ units: { ...units, cores: [1, 2] }, shareCores: true }, [first]).ok, true);
  const apart = [
    joins({ units: { ...units, cores: [2, 3] } }, [first]),
    joins({}, [gone]),
    joins({}, [{ ...first, host: 'other' }]),
    joins({}, [{ ...first, account: sampleId('acc', 2) }]),
    joins({}, [{ ...first, publicKey: sampleEnrolment().publicKey }]),
  ];
  for (const decision of apart) assert.equal(decision.ok, true, JSON.stringify(decision));
});

test('a device moves to another region, for quotes from now on', () => {
  const device = sampleDevice(1);
  assert.equal(valueOf(relocate(device, 'eu-west')).region, 'eu-west');
  assert.deepEqual(relocate(device, device.region), { ok: true, rows: [], value: device });
  assert.equal(codeOf(relocate({ ...device, state: 'removed' }, 'eu-west')), 'device.removed');
});

test('prices below zero, absurd ones, or none for a GPU, are refused', () => {
  const gpu = sampleDevice(1, { units: { ...units, gpus: [sampleGpu(1)] } });
  const free = { coreMicro: '0', memoryGbMicro: '0', gpuMicro: {} };
  assert.equal(codeOf(reprice(gpu, free)), 'request.refused');
  assert.equal(codeOf(reprice(gpu, { ...free, coreMicro: '-1', gpuMicro: { H100: '1' } })), 'request.refused');
  assert.deepEqual(valueOf(reprice(gpu, { ...free, gpuMicro: { H100: '1' } })).prices.gpuMicro, { H100: '1' });
  const absurd = reprice(gpu, { ...free, gpuMicro: { H100: '1000000000001' } });
  assert.ok(!absurd.ok && /a price is above 1000000\.00 /.test(String(absurd.rejection.context['detail'])), JSON.stringify(absurd));
  assert.equal(reprice(gpu, { ...free, gpuMicro: { H100: '1000000000000' } }).ok, true);
  assert.equal(codeOf(approve(opened(), { ...by, prices: { ...free, memoryGbMicro: '-5' } }, [])), 'request.refused');
});

test('a proof admits a waiting device, until it expires or covers too few cores', () => {
  const taking = { now, policy, rttMs: null };
  const waiting = sampleDevice(1, { state: 'waiting', proof: null });
  assert.equal(capacityDemand(waiting, policy, 'a'.repeat(64), 'b'.repeat(64)).threads, 2);
  const answer = { digestsOk: true, tookMs: 500, threads: 2, policy, now };
  assert.equal(judgeCapacity({ ...answer, digestsOk: false }).ok, false);
  assert.equal(judgeCapacity({ ...answer, tookMs: policy.capacity.withinMs + 1 }).ok, false);
  const judged = judgeCapacity(answer);
  assert.ok(judged.ok);
  const admitted = valueOf(recordProof(waiting, judged.proof, taking));
  assert.equal(admissible(admitted, now, policy), true);
  assert.equal(admissible(admitted, judged.proof.expiresAt, policy), false);
  assert.equal(valueOf(recordProof(waiting, { ...judged.proof, threads: 1 }, taking)).state, 'waiting');
  assert.equal(valueOf(recordProof({ ...waiting, state: 'draining' }, judged.proof, taking)).state, 'draining');
  assert.equal(capacityDue(waiting, now, policy), true);
  assert.equal(capacityDue(admitted, now, policy), false);
  assert.equal(capacityDue(admitted, judged.proof.expiresAt - policy.capacity.validMs / 4, policy), true);
  assert.equal(capacityDue({ ...busy, proof: null }, now, policy), false);
});

test('draining, resuming, removing: idempotent, and removed is final', () => {
  const device = sampleDevice(1);
  const drained = valueOf(drain(device));
  assert.equal(drained.state, 'draining');
  assert.deepEqual(drain(drained), { ok: true, rows: [], value: drained });
  assert.equal(valueOf(resume(drained, now)).state, 'admitted');
  assert.equal(valueOf(resume(drained, now + 3_600_000)).state, 'waiting');
  assert.deepEqual(resume(device, now), { ok: true, rows: [], value: device });
  assert.equal(codeOf(remove(busy, [], now)), 'device.busy');
  const removed = valueOf(remove(drained, [], now));
  assert.deepEqual(remove(removed, [], now), { ok: true, rows: [], value: removed });
  const after = [drain(removed), resume(removed, now), reprice(removed, removed.prices), openSession(removed)];
  for (const decision of after) assert.equal(codeOf(decision), 'device.removed');
  assert.equal(valueOf(openSession(device)).epoch, device.epoch + 1);
});

test('a view says what the device waits for', () => {
  const connected = { connected: true, lastSeenAt: now };
  const cases: readonly (readonly [DeviceRow, boolean, RegExp])[] = [
    [sampleDevice(1), true, /^$/],
    [sampleDevice(1), false, /^waits for its worker to connect; last seen 2.0 s ago$/],
    [sampleDevice(1, { state: 'waiting', proof: null }), true, /^waits for its capacity proof$/],
    [busy, true, /no core is free/],
    [{ ...busy, state: 'draining' }, true, /^drains: waits for 1 lease to end$/],
    [sampleDevice(1, { state: 'draining' }), true, /^drained/],
    [sampleDevice(1, { state: 'removed' }), false, /^to rent it out again/],
  ];
  for (const [device, isConnected, sentence] of cases) {
    const view = deviceView(device, { ...connected, connected: isConnected }, now + 2_000, policy);
    assert.match(view.waitsFor, sentence);
  }
  assert.equal(deviceView(busy, connected, now, policy).free, null);
  assert.equal(deviceView(sampleDevice(1), connected, now + 3_600_000, policy).state, 'waiting');
});

test('reputation starts at the prior and follows what is proven', () => {
  assert.equal(reputation(0, 0), 0.9);
  assert.ok(reputation(1e9, 0) > 0.99 && reputation(0, 1e9) < 0.1);
});

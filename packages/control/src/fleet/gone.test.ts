// Devices that go away: for longer than a pulse may take, and for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClusterView, type DeviceView, type Policy, type Receipt, minuteMs } from '@iog/protocol';
import { type MinuteRow, decideMinute, minuteId } from '@iog/core';
import { canonical, sha256hex } from '@iog/seal';
import { openSqlite } from '../store/sqlite/open.ts';
import { tables } from '../tables.ts';
import { admittedFake, connectFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, quickPolicy, startRig, until } from '../test/rig.ts';

async function rented(rig: Rig) {
  const device = await admittedFake(rig);
  await fund(rig);
  const { body } = await createOf(rig, await quoteOf(rig));
  const cluster = async () => (await rig.call<ClusterView>('GET', `/v1/clusters/${body.id}`)).body;
  const inState = (state: string) => until(`the cluster to be ${state}`, async () => (await cluster()).state === state && cluster());
  const running = await inState('running');
  const end = () => rig.call('POST', `/v1/clusters/${body.id}/end`);
  return { device, inState, end, lease: running.leases[0]?.id ?? ('' as never), cluster: body.id };
}

test('a device that cuts its session for longer than a pulse may take gets no proven minute; its row tells why', async (t) => {
  const session: Policy['session'] = { ...quickPolicy.session, pulseEveryMs: 100, pulseWithinMs: 300 };
  const rig = await startRig(t, { session });
  const { device, inState, end, lease, cluster } = await rented(rig);
  device.send({ type: 'evidence', epoch: device.epoch(), lease, snapshots: [device.sample(lease)] });
  device.close();
  // Control counts the absence from when it sees the end of the session, which on a busy machine is later.
  await until('control to see it', () => rig.lines.some(({ event }) => event === 'session.closed'));
  const closedAt = Date.now();
  await until('more than a pulse may take', () => Date.now() - closedAt > 900);
  const again = await connectFake(rig, device);
  again.send({ type: 'evidence', epoch: again.epoch(), lease, snapshots: [again.sample(lease)] });
  const sessionFor = Date.now();
  await until('some pulses', () => Date.now() - sessionFor > 300);
  await end();
  await inState('ended');
  const { body: receipt } = await rig.call<Receipt>('GET', `/v1/clusters/${cluster}/receipt`);
  const verdict = receipt.leases[0]?.verdicts[0];
  const ground = verdict?.grounds.find(({ code }) => code === 'pulse.missed');
  assert.equal(verdict?.verdict, 'unproven');
  assert.ok((ground?.numbers['absentMs'] ?? 0) >= 800, JSON.stringify(verdict));

  await rig.control.stop();
  const store = openSqlite({ path: `${rig.dir}/control.sqlite`, tables });
  const [found] = await store.load([{ kind: 'minute', id: minuteId(lease, 0) }]);
  await store.close();
  const { from, to, samples, pulses, absences, verdict: kept } = (found as { row: unknown }).row as MinuteRow;
  assert.ok(to - from < minuteMs && absences.length === 1);
  const now = kept?.decidedAt ?? 0;
  const evidence = { k: 0, from, to, samples, pulses, absences, now, windowFrom: to, cores: 1 };
  assert.deepEqual(decideMinute({ ...evidence, policy: rig.policy, policyHash: sha256hex(canonical(rig.policy)) }), kept);
});

test('a device that is gone for ever is removed once its lease is settled and past its stop', async (t) => {
  const rig = await startRig(t, {
    // Only the loss is quick: a session that is cut for a short silence is cut on a busy machine while its device still counts as there.
    session: { ...quickPolicy.session, lostAfterMs: 500 },
    evidence: { ...quickPolicy.evidence, windowMs: 300 },
    cluster: { ...quickPolicy.cluster, stopWithinMs: 700 },
  });
  const { device, inState, end } = await rented(rig);
  const remove = () => rig.call<DeviceView>('POST', `/v1/devices/${device.id}/remove`);
  // A pulse that may still be answered for long after the evidence window does not keep the lease open.
  device.deafen();
  const before = device.received.length;
  await until('a pulse that stays open', () => device.received.slice(before).some(({ type }) => type === 'pulse'));
  device.close();
  assert.equal((await remove()).body.code, 'device.busy');
  await end();
  const ending = await remove();
  assert.equal(ending.body.code, 'device.busy');
  assert.match(ending.body.next, /without its word, in \S+ m?s at the earliest/);
  await inState('ended');
  assert.equal((await device.view()).leases.length, 1);
  const { status, body } = await remove();
  assert.deepEqual([status, body.state, body.leases, body.free], [200, 'removed', [], null]);
});

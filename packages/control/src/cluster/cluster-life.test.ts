import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balance, ClusterEvent, ClusterView, JobView, MinuteView, ObservedJob, Receipt, ToWorker } from '@iog/protocol';
import { canonical, verify } from '@iog/seal';
import { type FakeDevice, admittedFake, connectFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, quickPolicy, startRig, until } from '../test/rig.ts';

const clusterOf = async (rig: Rig, id: string) => (await rig.call<ClusterView>('GET', `/v1/clusters/${id}`)).body;
const inState = (rig: Rig, id: string, state: string) =>
  until(`the cluster to be ${state}`, async () => {
    const cluster = await clusterOf(rig, id);
    return cluster.state === state && cluster;
  });
async function eventsOf(rig: Rig, id: string, query = '', headers: Record<string, string> = {}): Promise<ClusterEvent[]> {
  const sent = await fetch(`${rig.url}/v1/clusters/${id}/events${query}`, {
    headers: { authorization: `Bearer ${rig.secret}`, ...headers },
  });
  return [...(await sent.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as ClusterEvent);
}
async function runningRig(t: Parameters<typeof startRig>[0], changes?: Parameters<typeof startRig>[1]) {
  const rig = await startRig(t, changes);
  const device = await admittedFake(rig);
  await fund(rig);
  const { body } = await createOf(rig, await quoteOf(rig));
  const cluster = await inState(rig, body.id, 'running');
  return { rig, device, cluster, lease: cluster.leases[0]?.id ?? ('' as never) };
}
const acknowledged = (device: FakeDevice) =>
  device.received.filter((each): each is Extract<ToWorker, { type: 'acknowledged' }> => each.type === 'acknowledged');

test('a whole life over HTTP: quote, create, ready, active, evidence, end, closing sample, settled; and the receipt adds up', async (t) => {
  const { rig, device, cluster, lease } = await runningRig(t);
  assert.equal(cluster.leases[0]?.state, 'active');
  await until('the first sample to be acknowledged', () => acknowledged(device).length > 0);
  for (let i = 0; i < 3; i++) device.send({ type: 'evidence', epoch: device.epoch(), lease, snapshots: [device.sample(lease)] });
  await until('all samples to be acknowledged', () => acknowledged(device).at(-1)?.index === 3);
  const startedAt = cluster.leases[0]?.startedAt ?? 0;
  await until('a time that costs something', () => Date.now() > startedAt + 400);

  assert.equal((await rig.call('GET', `/v1/clusters/${cluster.id}/receipt`)).body.code, 'receipt.open');
  assert.equal((await rig.call('POST', `/v1/clusters/${cluster.id}/end`)).status, 200);
  const ended = await inState(rig, cluster.id, 'ended');
  const { body: receipt } = await rig.call<Receipt>('GET', `/v1/clusters/${cluster.id}/receipt`);
  const { signature, ...body } = receipt;
  assert.ok(verify(rig.control.publicKey, 'receipt', canonical(body), signature));
  const [held, paid, refunded, fee] = [receipt.heldMicro, receipt.paidMicro, receipt.refundedMicro, receipt.feeMicro].map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  assert.equal(held, paid + refunded);
  const [bill] = receipt.leases;
  assert.ok(bill && bill.startedAt !== null && bill.endedAt !== null);
  assert.deepEqual(
    bill.verdicts.map((minute) => [minute.verdict, minute.basis]),
    [['proven', 'declared']],
  );
  assert.equal(bill.provenMs, bill.endedAt - bill.startedAt);
  assert.equal(paid, (BigInt(bill.rateMicroPerHour) * BigInt(bill.provenMs)) / 3_600_000n);
  assert.ok(paid > 0n);
  assert.deepEqual(
    receipt.entries.map((entry) => entry.kind),
    ['hold', 'accrual', 'refund'],
  );
  for (const entry of receipt.entries)
    assert.equal(
      entry.lines.reduce((sum, line) => sum + BigInt(line.amountMicro), 0n),
      0n,
    );
  assert.equal(ended.endReason, 'renter');
  const { body: balance } = await rig.call<Balance>('GET', '/v1/balance');
  assert.deepEqual([balance.availableMicro, balance.heldMicro, balance.earnedMicro], [String(10_000_000n - paid), '0', String(paid - fee)]);
  const { body: minutes } = await rig.call<{ items: MinuteView[] }>('GET', `/v1/leases/${lease}/minutes`);
  assert.equal(minutes.items.length, 1);
  const free = await until('the units to be free', async () => (await device.view()).leases.length === 0 && (await device.view()));
  assert.deepEqual(free.free?.cores, [0, 1]);
});

test('the story is numbered without a hole, and goes on after any event that was seen', async (t) => {
  const { rig, cluster } = await runningRig(t);
  const followed: string[] = [];
  const stop = new AbortController();
  const stream = fetch(`${rig.url}/v1/clusters/${cluster.id}/events?follow=true&after=2`, {
    headers: { authorization: `Bearer ${rig.secret}` },
    signal: stop.signal,
  });
  const reading = (async () => {
    for await (const bytes of (await stream).body ?? []) followed.push(Buffer.from(bytes).toString());
  })().catch(() => undefined);
  await rig.call('POST', `/v1/clusters/${cluster.id}/end`);
  await until('the end to be told', () => followed.join('').includes('receipt.issued'));
  stop.abort();
  await reading;

  const all = await eventsOf(rig, cluster.id);
  assert.deepEqual(
    all.map((event) => event.seq),
    all.map((_, i) => i + 1),
  );
  const kinds = all.map((event) => event.kind);
  const expected = [
    'cluster.created',
    'lease.active',
    'cluster.running',
    'cluster.ending',
    'lease.ending',
    'cluster.ended',
    'receipt.issued',
  ];
  for (const kind of expected) assert.ok(kinds.includes(kind), kind);
  assert.deepEqual(await eventsOf(rig, cluster.id, '?after=3'), all.slice(3));
  assert.deepEqual(await eventsOf(rig, cluster.id, '', { 'last-event-id': '4' }), all.slice(4));
  assert.deepEqual(await eventsOf(rig, cluster.id, '?after=999999'), []);
  const live = [...followed.join('').matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
  assert.deepEqual(
    live,
    all.slice(2).map((event) => event.seq),
  );
});

test('words of an older epoch, generation or incarnation change nothing', async (t) => {
  const { rig, device, cluster, lease } = await runningRig(t);
  const node = device.nodes.get(lease);
  assert.ok(node);
  const stopped = { ...node.observed, step: 'stopped' } as const;
  device.send({ type: 'beat', epoch: device.epoch() - 1, observed: [stopped] });
  device.send({ type: 'beat', epoch: device.epoch(), observed: [{ ...stopped, generation: 0 }] });
  device.send({ type: 'beat', epoch: device.epoch(), observed: [{ ...stopped, incarnation: 0 }] });
  device.send({ type: 'beat', epoch: device.epoch() + 1, observed: [stopped] });
  const newer = await connectFake(rig, device);
  device.send({ type: 'beat', epoch: device.epoch(), observed: [stopped] });
  // Messages of a session are handled in order: what is acknowledged came after all that was sent before it.
  newer.send({ type: 'evidence', epoch: newer.epoch(), lease, snapshots: [device.sample(lease)] });
  await until('the acknowledgement', () => acknowledged(newer).length > 0);
  const now = await clusterOf(rig, cluster.id);
  assert.deepEqual([now.state, now.leases[0]?.state, now.leases[0]?.step], ['running', 'active', 'ready']);
  // The same words of now do end it.
  newer.send({ type: 'beat', epoch: newer.epoch(), observed: [stopped] });
  await until('the lease to end', async () => (await clusterOf(rig, cluster.id)).leases[0]?.state !== 'active');
});

test('evidence that is forged, or of a lease of another device, is neither taken nor acknowledged', async (t) => {
  const { rig, device, lease } = await runningRig(t);
  await until('the first sample to be acknowledged', () => acknowledged(device).length === 1);
  const other = await admittedFake(rig);
  const good = device.sample(lease);
  other.send({ type: 'evidence', epoch: other.epoch(), lease, snapshots: [good] });
  device.send({ type: 'evidence', epoch: device.epoch(), lease, snapshots: [{ ...good, signature: 'A'.repeat(86) }] });
  await until('the refusal to be logged', () => rig.lines.some((line) => line.event === 'evidence.refused'));
  assert.equal(acknowledged(device).at(-1)?.index, 0);
  device.send({ type: 'evidence', epoch: device.epoch(), lease, snapshots: [good] });
  await until('the good one to be acknowledged', () => acknowledged(device).at(-1)?.index === 1);
  assert.deepEqual(acknowledged(other), []);
});

test('control that starts again keeps cluster, money and evidence, and ends it as if it had never gone', async (t) => {
  const { rig, device, cluster, lease } = await runningRig(t);
  await rig.restart();
  await until('the session to end', () => device.closed());
  assert.equal((await clusterOf(rig, cluster.id)).state, 'running');
  const again = await connectFake(rig, device);
  again.send({ type: 'evidence', epoch: again.epoch(), lease, snapshots: [again.sample(lease)] });
  await until('the evidence to be acknowledged', () => acknowledged(again).at(-1)?.index === 1);
  await rig.call('POST', `/v1/clusters/${cluster.id}/end`);
  await inState(rig, cluster.id, 'ended');
  const { body } = await rig.call<Receipt>('GET', `/v1/clusters/${cluster.id}/receipt`);
  assert.equal(body.leases[0]?.minutes.proven, 1);
  assert.equal(BigInt(body.heldMicro), BigInt(body.paidMicro) + BigInt(body.refundedMicro));
});

test('a job reaches the head, is told of, and is over once', async (t) => {
  const { rig, device, cluster, lease } = await runningRig(t);
  const wanted = { name: 'job', sealedEntrypoint: 'c2VhbGVk' };
  assert.equal(
    (await rig.call('POST', `/v1/clusters/${cluster.id}/jobs`, { ...wanted, package: 'a'.repeat(64) })).body.code,
    'blob.unknown',
  );
  const { body: job } = await rig.call<JobView>('POST', `/v1/clusters/${cluster.id}/jobs`, wanted);
  const assigned = () => device.received.findLast((each) => each.type === 'assignments')?.assignments[0]?.jobs[0];
  await until('the job to be assigned', () => assigned()?.job === job.id);
  const node = device.nodes.get(lease);
  assert.ok(node);
  const say = (state: ObservedJob['state'], attempt = 1): void => {
    const seen = { job: job.id, attempt, state, exitCode: null, detail: state, tasksPerNode: { a: 3 }, logSegments: 1 };
    node.observed = { ...node.observed, jobs: [seen] };
    device.beat();
  };
  const shown = async () => (await rig.call<JobView>('GET', `/v1/jobs/${job.id}`)).body;
  say('running');
  await until('the job to run', async () => (await shown()).state === 'running');
  assert.equal((await rig.call('POST', `/v1/jobs/${job.id}/stop`)).status, 200);
  await until('the stop to be assigned', () => assigned()?.stop === true);
  say('stopped');
  await until('the job to be stopped', async () => (await shown()).state === 'stopped');
  assert.deepEqual((await shown()).tasksPerNode, { a: 3 });
  assert.equal((await rig.call('POST', `/v1/jobs/${job.id}/stop`)).body.code, 'job.state');
  assert.equal((await rig.call('GET', `/v1/jobs/${job.id}/logs/0`)).body.code, 'blob.unknown');
  await rig.call('POST', `/v1/clusters/${cluster.id}/end`);
  await inState(rig, cluster.id, 'ended');
  assert.equal((await rig.call('POST', `/v1/clusters/${cluster.id}/jobs`, wanted)).body.code, 'cluster.state');
});

test('a device that falls silent loses its lease at its last evidence; only one that the secret is sealed to takes its place', async (t) => {
  const { rig, device, cluster } = await runningRig(t, {
    session: { ...quickPolicy.session, lostAfterMs: 600 },
    cluster: { ...quickPolicy.cluster, stopWithinMs: 300 },
    evidence: { ...quickPolicy.evidence, windowMs: 300 },
  });
  const other = await admittedFake(rig);
  const lastAt = Date.now();
  device.close();
  const lost = await until('the loss', async () => {
    const [first] = (await clusterOf(rig, cluster.id)).leases;
    return first && first.state !== 'active' && first;
  });
  assert.match(lost.endReason ?? '', /device lost/);
  assert.ok((lost.endedAt ?? Infinity) <= lastAt, 'money ends at the last evidence');
  await until('the silence to be settled', async () => (await clusterOf(rig, cluster.id)).leases[0]?.state === 'settled');
  assert.equal((await clusterOf(rig, cluster.id)).leases.length, 1);
  const back = await connectFake(rig, device);
  const again = await until('the second incarnation', async () => {
    const now = await clusterOf(rig, cluster.id);
    return now.state === 'running' && now.incarnation === 2 && now;
  });
  assert.equal(again.leases.find((lease) => lease.id === again.head)?.device, device.id);
  assert.deepEqual((await other.view()).leases, []);
  await until('the old node to be off its device', async () => (await back.view()).leases.length === 1);
  const kinds = (await eventsOf(rig, cluster.id)).map((event) => event.kind);
  for (const kind of ['lease.ending', 'cluster.head-lost', 'lease.replaced']) assert.ok(kinds.includes(kind), kind);
  await rig.call('POST', `/v1/clusters/${cluster.id}/end`);
  await inState(rig, cluster.id, 'ended');
  const { body } = await rig.call<Receipt>('GET', `/v1/clusters/${cluster.id}/receipt`);
  assert.equal(body.leases.length, 2);
  assert.equal(BigInt(body.heldMicro), BigInt(body.paidMicro) + BigInt(body.refundedMicro));
});

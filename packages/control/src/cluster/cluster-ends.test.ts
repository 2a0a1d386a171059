// How a cluster ends that its renter did not end: at its cap, and when it was replaced too often; and when nothing fit takes a lost node's place.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Balance, ClusterView, DeviceView, LeaseView, Policy, Receipt } from '@iog/protocol';
import { type FakeDevice, admittedFake, connectFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, quickPolicy, startRig, until } from '../test/rig.ts';

const oneCore = { cores: [0], memoryBytes: 1_500_000_000, diskBytes: 0, gpus: [] };
const quickLoss: Partial<Policy> = {
  session: { ...quickPolicy.session, lostAfterMs: 1_500 },
  cluster: { ...quickPolicy.cluster, stopWithinMs: 500 },
  evidence: { ...quickPolicy.evidence, windowMs: 500 },
};

test('at its cap a cluster ends; it pays no more than that, and a replacement that was still forming is settled unpaid', async (t) => {
  const rig = await startRig(t, {
    session: { ...quickPolicy.session, pulseWithinMs: 60_000, lostAfterMs: 30_000 },
    cluster: { ...quickPolicy.cluster, stopWithinMs: 10_000 },
    evidence: { ...quickPolicy.evidence, windowMs: 10_000, maxGapMs: 60_000 },
  });
  const devices = [await admittedFake(rig, oneCore), await admittedFake(rig, oneCore)];
  const priced = await quoteOf(rig, { nodes: 2, coresPerNode: 1 });
  // The least cap there is: a minute of all nodes.
  const capMicro = String((BigInt(priced.rateMicroPerHour) + 59n) / 60n);
  const { cluster, member } = await runningPair(rig, { capMicro });
  const spare = await admittedFake(rig, oneCore);
  // Not so much that a replica would renew its claim too late.
  const passes = hasten(t, 6);
  const stayed = devices.find(({ id }) => id !== member.device);
  assert.ok(stayed);
  devices.find(({ id }) => id === member.device)?.close();
  const samples = setInterval(() => {
    for (const [lease, { observed }] of stayed.nodes) {
      if (observed.step !== 'ready') continue;
      stayed.beat();
      stayed.send({ type: 'evidence', epoch: stayed.epoch(), lease, snapshots: [stayed.sample(lease)] });
    }
  }, 200);
  t.after(() => clearInterval(samples));
  const forming = await until(
    'the replacement to be placed',
    async () => (await show(rig, cluster.id)).leases.find(({ device }) => device === spare.id),
    passes(60_000),
  );
  assert.equal(forming.state, 'reserved', 'nobody sealed the secret to it: it forms');
  const ended = await inState(rig, cluster.id, 'ended', passes(60_000));
  assert.equal(ended.endReason, 'cap');
  const receipt = await receiptOf(rig, cluster.id);
  assert.equal(receipt.endReason, 'cap');
  assert.equal(receipt.heldMicro, capMicro);
  assert.ok(BigInt(receipt.paidMicro) > 0n && BigInt(receipt.paidMicro) <= BigInt(capMicro), receipt.paidMicro);
  const unpaid = receipt.leases.find(({ lease }) => lease === forming.id);
  assert.deepEqual([unpaid?.startedAt, unpaid?.paidMicro, unpaid?.verdicts], [null, '0', []]);
  assert.ok(ended.leases.every(({ state }) => state === 'settled'));
  // Its units are free once its worker says that nothing of it runs.
  assert.deepEqual((await spareOf(rig, spare)).leases, [forming.id]);
  const { id: lease, generation, incarnation } = forming;
  const stopped = { lease, generation, incarnation, step: 'stopped', detail: '', address: null, rayNodeId: null };
  spare.send({ type: 'beat', epoch: spare.epoch(), observed: [{ ...stopped, jobs: [], closing: null, idleMs: 0 }] });
  await until('its units to be free', async () => (await spareOf(rig, spare)).leases.length === 0, passes(30_000));
});

test('a node that is lost is not replaced by a dearer one: the cluster says what it waits for', async (t) => {
  const rig = await startRig(t, quickLoss);
  const devices = [await admittedFake(rig, oneCore), await admittedFake(rig, oneCore)];
  const { cluster, member } = await runningPair(rig);
  const dear = await admittedFake(rig, oneCore);
  const coreMicro = String(10n * BigInt(quickPolicy.defaultPrices.coreMicro));
  assert.equal((await rig.call('POST', `/v1/devices/${dear.id}/prices`, { ...quickPolicy.defaultPrices, coreMicro })).status, 200);
  devices.find(({ id }) => id === member.device)?.close();
  await until('the loss to be settled', async () => (await leaseOf(rig, cluster.id, member.id)).state === 'settled');
  const waits = await until('what it waits for', async () => {
    const now = await show(rig, cluster.id);
    return now.waitsFor === 'free units for its nodes' && now;
  });
  assert.deepEqual([waits.state, waits.leases.length], ['running', 2]);
  assert.deepEqual((await spareOf(rig, dear)).leases, []);
  // The same device at the price of the others is taken at once: the price alone was in the way.
  await rig.call('POST', `/v1/devices/${dear.id}/prices`, quickPolicy.defaultPrices);
  await until('the replacement', async () => (await spareOf(rig, dear)).leases.length === 1);
});

test('a cluster whose nodes were replaced as often as the policy allows ends lost with the next loss, and its rest is refunded', async (t) => {
  const rig = await startRig(t, { ...quickLoss, cluster: { ...quickPolicy.cluster, stopWithinMs: 500, maxReplacements: 1 } });
  const device = await admittedFake(rig, oneCore);
  await fund(rig);
  const { body } = await createOf(rig, await quoteOf(rig));
  await inState(rig, body.id, 'running');
  device.close();
  await until('the loss to be settled', async () => (await show(rig, body.id)).leases[0]?.state === 'settled');
  const back = await connectFake(rig, device);
  await until('the second incarnation', async () => {
    const { state, incarnation } = await show(rig, body.id);
    return state === 'running' && incarnation === 2;
  });
  back.close();
  const ended = await inState(rig, body.id, 'ended');
  assert.equal(ended.endReason, 'lost');
  assert.equal(ended.leases.length, 2);
  const receipt = await receiptOf(rig, body.id);
  assert.equal(receipt.endReason, 'lost');
  assert.ok(BigInt(receipt.refundedMicro) > 0n);
  const { body: balance } = await rig.call<Balance>('GET', '/v1/balance');
  assert.deepEqual([balance.heldMicro, balance.availableMicro], ['0', String(10_000_000n - BigInt(receipt.paidMicro))]);
});

/** A running cluster of two nodes, on two devices. */
async function runningPair(rig: Rig, demand: Record<string, unknown> = {}): Promise<{ cluster: ClusterView; member: LeaseView }> {
  await fund(rig);
  const { body, status } = await createOf(rig, await quoteOf(rig, { nodes: 2, ...demand }));
  assert.equal(status, 200, JSON.stringify(body));
  const cluster = await inState(rig, body.id, 'running');
  const member = cluster.leases.find(({ id }) => id !== cluster.head);
  assert.ok(member);
  return { cluster, member };
}

/** All clocks of this process go so many times as fast from now on. Gives how long a limit in real time is on them. */
function hasten(t: TestContext, times: number): (realMs: number) => number {
  const [wall, mono] = [Date.now.bind(Date), performance.now.bind(performance)];
  const [wallFrom, monoFrom] = [wall(), mono()];
  t.mock.method(Date, 'now', () => Math.round(wallFrom + (wall() - wallFrom) * times));
  t.mock.method(performance, 'now', () => monoFrom + (mono() - monoFrom) * times);
  return (realMs) => realMs * times;
}

const show = async (rig: Rig, id: string) => (await rig.call<ClusterView>('GET', `/v1/clusters/${id}`)).body;
const spareOf = async (rig: Rig, { id }: FakeDevice) => (await rig.call<DeviceView>('GET', `/v1/devices/${id}`)).body;
async function leaseOf(rig: Rig, cluster: string, lease: string): Promise<LeaseView> {
  const found = (await show(rig, cluster)).leases.find(({ id }) => id === lease);
  assert.ok(found);
  return found;
}

function inState(rig: Rig, id: string, state: string, limitMs?: number): Promise<ClusterView> {
  return until(
    `the cluster to be ${state}`,
    async () => {
      const cluster = await show(rig, id);
      return cluster.state === state && cluster;
    },
    limitMs,
  );
}

/** The receipt, which adds up. */
async function receiptOf(rig: Rig, id: string): Promise<Receipt> {
  const { body } = await rig.call<Receipt>('GET', `/v1/clusters/${id}/receipt`);
  assert.equal(BigInt(body.heldMicro), BigInt(body.paidMicro) + BigInt(body.refundedMicro));
  return body;
}

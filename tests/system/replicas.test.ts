// Two control processes over one PostgreSQL: sessions move between them, one is killed or frozen, and nothing is lost or done twice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { ClusterView, DeviceView, Receipt } from '@iog/protocol';
import { shardIds } from '@iog/core';
import { startControl } from '../../packages/control/src/control.ts';
import { checkLaws } from '../../packages/control/src/laws/check-laws.ts';
import { testServer } from '../../packages/control/src/store/postgres/test/server.ts';
import { admittedFake, connectFake } from '../../packages/control/src/test/fake-device.ts';
import { createOf, fund, quoteOf } from '../../packages/control/src/test/renting.ts';
import { type Rig, quickPolicy, until } from '../../packages/control/src/test/rig.ts';
import { type TwoReplicas, twoReplicas } from '../../packages/control/src/replica/test/two-replicas.ts';

const server = await testServer();
after(() => server.stop());

/** A host that does other things too has the time it needs. */
const limitMs = 60_000;

const clusterOf = async (rig: Rig, id: string) => (await rig.call<ClusterView>('GET', `/v1/clusters/${id}`)).body;
const inState = (rig: Rig, id: string, state: string, withinMs = limitMs) =>
  until(`${id} to be ${state}`, async () => ((await clusterOf(rig, id)).state === state ? clusterOf(rig, id) : undefined), withinMs);
const ownersOf = async ({ rows }: TwoReplicas) => new Set((await rows('shard')).map(({ owner }) => owner));
const isShared = (two: TwoReplicas) =>
  until('both to have shards', async () => (await ownersOf(two)).size === 2 && !(await ownersOf(two)).has(''), limitMs);

/** Quotes are asked for until one comes. */
const limits = { ...quickPolicy.limits, quotesPerMinute: 100_000 };

async function rentedAt(rig: Rig): Promise<ClusterView> {
  const quote = await until('a free unit that it knows of', async () => quoteOf(rig).catch(() => undefined), limitMs);
  const { status, body } = await createOf(rig, quote);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function settled({ rows }: TwoReplicas, rig: Rig, clusters: readonly ClusterView[]): Promise<void> {
  for (const { id } of clusters) {
    await inState(rig, id, 'ended');
    const { body } = await rig.call<Receipt>('GET', `/v1/clusters/${id}/receipt`);
    assert.equal(BigInt(body.heldMicro), BigInt(body.paidMicro) + BigInt(body.refundedMicro));
  }
  assert.deepEqual(checkLaws(await rows()), []);
}

test('a database belongs to one key: another directory is refused until it has that key', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-keys-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const start = (name: string) => {
    fs.mkdirSync(path.join(dir, name), { recursive: true });
    const store = { kind: 'postgres', url: server.url('keys') } as const;
    return startControl({
      dir: path.join(dir, name),
      store,
      host: '127.0.0.1',
      port: 0,
      name: 'k',
      policy: quickPolicy,
      log: () => undefined,
    });
  };
  const first = await start('a');
  t.after(() => first.stop());
  await assert.rejects(start('b'), (error: Error & { code: string }) => {
    return error.code === 'network.key' && error.message.includes(first.publicKey) && error.message.includes('copy network.key');
  });
  assert.equal(fs.existsSync(path.join(dir, 'b/network.key')), false);
  fs.copyFileSync(path.join(dir, 'a/network.key'), path.join(dir, 'b/network.key'));
  const second = await start('b');
  t.after(() => second.stop());
  assert.equal(second.publicKey, first.publicKey);
});

test('a device at one replica is rented through the other, and its session moves by epoch', async (t) => {
  const two = await twoReplicas(t, server, 'moves', { limits });
  const { a, b } = two;
  await fund(a.rig);
  const device = await admittedFake(a.rig);
  await until('b to know of it', async () => (await b.rig.call<DeviceView>('GET', `/v1/devices/${device.id}`)).body.connected, limitMs);
  const cluster = await rentedAt(b.rig);
  await inState(b.rig, cluster.id, 'running');
  const again = await connectFake(b.rig, device);
  assert.ok(again.epoch() > device.epoch());
  await until('a to let the older session go', () => device.closed(), limitMs);
  const busy = setInterval(() => {
    for (const lease of again.nodes.keys()) again.send({ type: 'evidence', epoch: again.epoch(), lease, snapshots: [again.sample(lease)] });
  }, 500);
  t.after(() => clearInterval(busy));
  await a.rig.call('POST', `/v1/clusters/${cluster.id}/end`);
  await settled(two, a.rig, [cluster]);
});

test('a replica is killed: the other takes its shards over and finishes its clusters, which are paid once', async (t) => {
  const two = await twoReplicas(t, server, 'killed', {
    limits,
    evidence: { ...quickPolicy.evidence, windowMs: 3_000 },
    session: { ...quickPolicy.session, lostAfterMs: 8_000 },
    cluster: { ...quickPolicy.cluster, stopWithinMs: 5_000 },
  });
  const { a, b } = two;
  await isShared(two);
  await fund(a.rig);
  for (let i = 0; i < 3; i++) await admittedFake(i === 0 ? b.rig : a.rig);
  const clusters: ClusterView[] = [];
  for (let i = 0; i < 6; i++) {
    clusters.push(await rentedAt(a.rig));
  }
  await Promise.all(clusters.map(({ id }) => inState(a.rig, id, 'running')));
  await b.kill();
  for (const { id } of clusters) await a.rig.call('POST', `/v1/clusters/${id}/end`);
  await until('a to have every shard', async () => (await ownersOf(two)).size === 1, limitMs);
  // What ran on the dead replica's device is settled once its worker's time to say that it stopped is over.
  await Promise.all(clusters.map(({ id }) => inState(a.rig, id, 'ended', 120_000)));
  await settled(two, a.rig, clusters);
});

test('a frozen replica comes back to shards that are not its own any more, and commits nothing under its old claims', async (t) => {
  const two = await twoReplicas(t, server, 'frozen');
  const { a, b } = two;
  await isShared(two);
  await fund(a.rig);
  await admittedFake(a.rig);
  const clusters = [await rentedAt(a.rig), await rentedAt(a.rig)];
  await Promise.all(clusters.map(({ id }) => inState(a.rig, id, 'running')));
  b.signal('SIGSTOP');
  await until('a to have every shard', async () => (await ownersOf(two)).size === 1, limitMs);
  const taken = new Map((await two.rows('shard')).map((row) => [row.id, row]));
  assert.equal(taken.size, shardIds.length);
  for (const { id } of clusters) await a.rig.call('POST', `/v1/clusters/${id}/end`);
  b.signal('SIGCONT');
  await isShared(two);
  for (const row of await two.rows('shard'))
    assert.ok(row.owner === taken.get(row.id)?.owner || row.generation > (taken.get(row.id)?.generation ?? 0));
  await settled(two, b.rig, clusters);
});

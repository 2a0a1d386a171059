// Extending over HTTP, and a cluster of two shapes whose second group ends before the first.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balance, ClusterView, Receipt } from '@iog/protocol';
import { accruedUp } from '@iog/protocol';
import { admittedFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, startRig, until } from '../test/rig.ts';

const extend = (rig: Rig, id: string, body: Record<string, unknown>, options = {}) =>
  rig.call<ClusterView>('POST', `/v1/clusters/${id}/extend`, body, options);
const show = async (rig: Rig, id: string) => (await rig.call<ClusterView>('GET', `/v1/clusters/${id}`)).body;

test('an extension moves the end and holds what it costs; repeated, it is one; what it may not do is refused', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const addedMicro = accruedUp(BigInt(cluster.rateMicroPerHour), 3_600_000);
  const options = { idempotencyKey: 'extend-once-0001' };
  const [first, second] = [
    await extend(rig, cluster.id, { byMs: 3_600_000 }, options),
    await extend(rig, cluster.id, { byMs: 3_600_000 }, options),
  ];
  assert.deepEqual([first.status, second.body], [200, first.body]);
  assert.deepEqual(
    [first.body.endsAt, BigInt(first.body.capMicro), first.body.heldMicro],
    [cluster.endsAt + 3_600_000, BigInt(cluster.capMicro) + addedMicro, first.body.capMicro],
  );
  const { body: balance } = await rig.call<Balance>('GET', '/v1/balance');
  assert.equal(balance.heldMicro, first.body.heldMicro);

  const codes = [];
  for (const body of [{ byMs: -1 }, { byMs: 1.5 }, { byMs: 59_999 }, { byMs: 1e15 }, { byMs: '1h' }, {}])
    codes.push((await extend(rig, cluster.id, body)).body.code);
  assert.deepEqual(new Set(codes), new Set(['request.malformed']));
  assert.equal((await extend(rig, cluster.id, { byMs: 60_000, capMicro: '-5' })).body.code, 'request.refused');
  const poor = await rig.key({ scopes: ['rent'], spendCapMicro: '10' });
  assert.equal((await extend(rig, cluster.id, { byMs: 60_000 }, { key: poor.secret })).body.code, 'key.other');
  const other = await rig.account('other');
  assert.equal((await extend(rig, cluster.id, { byMs: 60_000 }, { key: other.secret })).body.code, 'not-found');

  const [ended, raced] = await Promise.all([rig.call('POST', `/v1/clusters/${cluster.id}/end`), extend(rig, cluster.id, { byMs: 60_000 })]);
  assert.equal(ended.status, 200);
  assert.ok(raced.status === 200 || raced.body.code === 'cluster.state', raced.body.code);
  assert.equal((await extend(rig, cluster.id, { byMs: 60_000 })).body.code, 'cluster.state');
  const receipt = await until('the receipt', async () => {
    const answer = await rig.call<Receipt>('GET', `/v1/clusters/${cluster.id}/receipt`);
    return answer.status === 200 && answer.body;
  });
  assert.equal(BigInt(receipt.heldMicro), BigInt(receipt.paidMicro) + BigInt(receipt.refundedMicro));
  assert.equal(receipt.entries.filter(({ kind }) => kind === 'hold').length, raced.status === 200 ? 3 : 2);
});

test('a cluster of two shapes: its nodes in order, and each group with its own time', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig, { cores: [0, 1, 2], memoryBytes: 4_000_000_000, diskBytes: 0, gpus: [] });
  await fund(rig);
  const more = [{ nodes: 1, coresPerNode: 2, memoryBytesPerNode: 2_000_000_000, durationMs: 60_000 }];
  const quote = await quoteOf(rig, { more });
  assert.deepEqual(
    quote.nodes.map(({ slice }) => slice.cores.length),
    [1, 2],
  );
  const [head, member] = quote.nodes.map(({ rateMicroPerHour }) => BigInt(rateMicroPerHour));
  assert.equal(BigInt(quote.capMicro), ((head ?? 0n) * 600_000n + (member ?? 0n) * 60_000n + 3_599_999n) / 3_600_000n);
  const { body: cluster } = await createOf(rig, quote);
  assert.deepEqual(
    cluster.leases.map(({ role, group, slice }) => [role, group, slice.cores.length]),
    [
      ['head', undefined, 1],
      ['member', 1, 2],
    ],
  );
  await until('all its nodes to run', async () => (await show(rig, cluster.id)).state === 'running');
});

test('a quote for what cannot be is refused with the field and why', async (t) => {
  const rig = await startRig(t);
  const all = [
    [{ nodes: 10_000 }, /body.nodes must be <= 64/],
    [{ nodes: -1 }, /body.nodes must be >= 1/],
    [{ nodes: null }, /body.nodes must be integer/],
    [{ nodes: 1e300 }, /body.nodes must be <= 64/],
    [{ more: [{ nodes: 64, coresPerNode: 1, memoryBytesPerNode: 1e9 }] }, /65 nodes, and a cluster has at most 64/],
    [{ gpu: { count: 0 } }, /body.gpu.count must be >= 1/],
    [{ cuda: '12.8' }, /no node asks for one/],
    [{ reputationPermille: 1_001 }, /must be <= 1000/],
    [{ nodse: 2 }, /body.nodse is not a field of this request/],
  ] as const;
  for (const [demand, said] of all) {
    const asked = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 600_000, ...demand };
    const { status, body } = await rig.call('POST', '/v1/quotes', asked);
    const code = 'more' in demand || 'cuda' in demand ? 'request.refused' : 'request.malformed';
    assert.deepEqual([status, body.code], [code === 'request.malformed' ? 400 : 409, code], JSON.stringify(demand));
    assert.match(body.detail, said);
  }
});

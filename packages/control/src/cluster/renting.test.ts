import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityView, Balance, ClusterView, DeviceView, KeyView } from '@iog/protocol';
import { type FakeDevice, admittedFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf, secretsFor } from '../test/renting.ts';
import { type Rig, quickPolicy, startRig, until } from '../test/rig.ts';

/** No money, no units, and no cluster was made. */
async function assertNothingHeld(rig: Rig, device: FakeDevice): Promise<void> {
  const { body: balance } = await rig.call<Balance>('GET', '/v1/balance');
  const { body: list } = await rig.call<{ items: ClusterView[] }>('GET', '/v1/clusters');
  const { leases, free, units } = await device.view();
  assert.deepEqual([balance.heldMicro, list.items.map(({ id }) => id), leases, free?.cores], ['0', [], [], units.cores]);
}

const codeOf = (answer: { status: number; body: { code: string } }) => (answer.status === 200 ? 'ok' : answer.body.code);

test('a quote is taken as it was given, by whom it was given to, while it is valid', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig);
  await fund(rig);
  const quote = await quoteOf(rig);
  assert.equal(codeOf(await createOf(rig, { ...quote, capMicro: '1' })), 'quote.altered');
  const cheap = quote.nodes.map((node) => ({ ...node, rateMicroPerHour: '1' }));
  assert.equal(codeOf(await createOf(rig, { ...quote, nodes: cheap })), 'quote.altered');
  assert.equal(codeOf(await createOf(rig, { ...quote, expiresAt: quote.expiresAt + 60_000 })), 'quote.altered');
  const other = await rig.account('other');
  assert.equal(codeOf(await createOf(rig, quote, {}, { key: other.secret })), 'quote.foreign');
  const reader = await rig.key({ scopes: ['read'] });
  assert.equal(codeOf(await createOf(rig, quote, {}, { key: reader.secret })), 'key.scope');
  const secrets = { ...secretsFor(quote, quote.nodes[0]?.recipient ?? ''), sealedTo: {} };
  assert.equal(codeOf(await createOf(rig, quote, { secrets })), 'secrets.mismatch');
  assert.equal((await rig.call<Balance>('GET', '/v1/balance')).body.heldMicro, '0');
  assert.equal(codeOf(await createOf(rig, quote)), 'ok');
});

test('an expired quote is worth nothing', async (t) => {
  const rig = await startRig(t, { cluster: { ...quickPolicy.cluster, quoteValidMs: 1 } });
  const device = await admittedFake(rig);
  await fund(rig);
  const quote = await quoteOf(rig);
  await until('the quote to expire', () => Date.now() > quote.expiresAt);
  assert.equal(codeOf(await createOf(rig, quote)), 'quote.expired');
  await assertNothingHeld(rig, device);
});

test('a device that left between quote and create is gone: by its connection, by its drain', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  await fund(rig);
  const quote = await quoteOf(rig);
  await rig.call('POST', `/v1/devices/${device.id}/drain`);
  const drained = await createOf(rig, quote);
  assert.equal(drained.body.code, 'device.gone');
  assert.match(drained.body.detail, /draining/);
  await assertNothingHeld(rig, device);
  await rig.call('POST', `/v1/devices/${device.id}/resume`);
  device.close();
  await until('control to notice', async () => !(await device.view()).connected);
  assert.equal(codeOf(await createOf(rig, quote)), 'device.gone');
  await assertNothingHeld(rig, device);
});

test('of creates that race for the last core exactly one wins, and the others hold no money', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig, { cores: [0], memoryBytes: 2_000_000_000, diskBytes: 0, gpus: [] });
  await fund(rig, '50000000');
  const quotes = await Promise.all(Array.from({ length: 5 }, () => quoteOf(rig)));
  const answers = await Promise.all(quotes.map((quote) => createOf(rig, quote)));
  assert.deepEqual(answers.map(codeOf).toSorted(), ['ok', ...Array.from({ length: 4 }, () => 'units.taken')]);
  const { body } = await rig.call<Balance>('GET', '/v1/balance');
  assert.equal(body.heldMicro, quotes[0]?.capMicro);
  assert.equal((await device.view()).leases.length, 1);
});

test('what the balance or the cap of the key does not cover is refused whole', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  const quote = await quoteOf(rig);
  const cap = BigInt(quote.capMicro);
  await fund(rig, String(cap - 1n));
  const short = await createOf(rig, quote);
  assert.equal(short.status, 402);
  assert.deepEqual(short.body.context, { hasMicro: String(cap - 1n), needsMicro: String(cap), currency: 'TUSD' });
  assert.match(short.body.detail, /^The balance is [0-9.]+ TUSD and [0-9.]+ TUSD are needed\.$/);
  assert.deepEqual((await device.view()).leases, []);
  await fund(rig, '1');
  const capped = await rig.key({ spendCapMicro: String(cap - 1n) });
  assert.equal(codeOf(await createOf(rig, quote, {}, { key: capped.secret })), 'key.spend-cap');
  await assertNothingHeld(rig, device);
  const enough = await rig.key({ spendCapMicro: String(cap) });
  assert.equal(codeOf(await createOf(rig, quote, {}, { key: enough.secret })), 'ok');
  assert.equal(codeOf(await createOf(rig, await quoteOf(rig), {}, { key: rig.secret })), 'balance.short');
});

test('a key whose cap is used up holds nothing more; what comes back of it may be spent again', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  await fund(rig);
  const quote = await quoteOf(rig);
  const { secret: key } = await rig.key({ spendCapMicro: quote.capMicro });
  const { body: first } = await createOf(rig, quote, {}, { key });
  const refused = await createOf(rig, await quoteOf(rig), {}, { key });
  assert.equal(codeOf(refused), 'key.spend-cap');
  const context = { capMicro: quote.capMicro, spentMicro: quote.capMicro, needsMicro: quote.capMicro, currency: 'TUSD' };
  assert.deepEqual(refused.body.context, context);
  const { body: balance } = await rig.call<Balance>('GET', '/v1/balance');
  const { body: list } = await rig.call<{ items: ClusterView[] }>('GET', '/v1/clusters');
  assert.deepEqual([balance.heldMicro, list.items.map(({ id }) => id)], [quote.capMicro, [first.id]]);
  assert.deepEqual(
    (await device.view()).leases,
    first.leases.map(({ id }) => id),
  );
  await rig.call('POST', `/v1/clusters/${first.id}/end`);
  const ended = async () => (await rig.call<ClusterView>('GET', `/v1/clusters/${first.id}`)).body;
  await until('the end', async () => (await ended()).state === 'ended');
  const { body: who } = await rig.call<{ key: KeyView }>('GET', '/v1/key', undefined, { key });
  assert.deepEqual([who.key.spentMicro, who.key.spendCapMicro], [(await ended()).paidMicro, quote.capMicro]);
  const leftMicro = BigInt(quote.capMicro) - BigInt((await ended()).paidMicro);
  const smaller = await quoteOf(rig, { durationMs: 300_000 });
  assert.ok(BigInt(smaller.capMicro) <= leftMicro);
  assert.equal(codeOf(await createOf(rig, smaller, {}, { key })), 'ok');
});

test('a create that is sent again makes one cluster; with another body it is refused; the activity says so', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig);
  await fund(rig);
  const quote = await quoteOf(rig);
  const options = { idempotencyKey: 'create-0001' };
  const answers = await Promise.all([createOf(rig, quote, {}, options), createOf(rig, quote, {}, options)]);
  const again = await createOf(rig, quote, {}, options);
  assert.deepEqual(new Set([...answers, again].map(({ body }) => body.id)).size, 1);
  assert.equal((await createOf(rig, quote, { name: 'other' }, options)).body.code, 'idempotency.mismatch');
  const { body: list } = await rig.call<{ items: ClusterView[] }>('GET', '/v1/clusters');
  assert.equal(list.items.length, 1);
  const { body: activity } = await rig.call<{ items: ActivityView[] }>('GET', '/v1/activity');
  const created = activity.items.filter((each) => each.command === 'cluster.create').map((each) => each.outcome.split(':')[0]);
  assert.deepEqual(created, ['idempotency.mismatch', 'accepted']);
});

test('a cluster and its device are of their accounts alone', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const { secret: key } = await rig.account('other');
  const lease = cluster.leases[0]?.id;
  const job = { name: 'job', sealedEntrypoint: 'c2VhbGVk' };
  for (const [method, route, body] of [
    ['GET', `/v1/clusters/${cluster.id}`],
    ['GET', `/v1/clusters/${cluster.id}/events`],
    ['GET', `/v1/clusters/${cluster.id}/receipt`],
    ['GET', `/v1/clusters/${cluster.id}/jobs`],
    ['GET', `/v1/leases/${lease}/minutes`],
    ['POST', `/v1/clusters/${cluster.id}/end`],
    ['POST', `/v1/clusters/${cluster.id}/jobs`, job],
    ['GET', `/v1/devices/${device.id}`],
    ['POST', `/v1/devices/${device.id}/drain`],
    ['POST', `/v1/devices/${device.id}/remove`],
  ] as const) {
    assert.equal((await rig.call(method, route, body, { key })).body.code, 'not-found', `${method} ${route}`);
  }
  const { body: mine } = await rig.call<DeviceView>('GET', `/v1/devices/${device.id}`);
  assert.equal(mine.state, 'admitted');
  assert.equal((await rig.call('POST', `/v1/devices/${device.id}/remove`)).body.code, 'device.busy');
  const { body: keys } = await rig.call<{ items: KeyView[] }>('GET', '/v1/keys', undefined, { key });
  assert.equal(keys.items.length, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type NewCluster, type Quote, accruedUp } from '@iog/protocol';
import type { DeviceRow, KeyRow } from '../rows.ts';
import { sampleAccount, sampleDevice, sampleId, sampleLease } from '../fleet/sample-device.ts';
import { sampleCluster, sampleEntry } from '../ledger/sample-cluster.ts';
import { availableOf, holdOf } from '../ledger/index.ts';
import { type ClusterBirth, createCluster } from './create.ts';
import { addNodes } from './place.ts';
import { now, policy, renting } from './sample-renting.ts';

const rate = 65_000n;
const node = (device: DeviceRow, core: number) => ({
  device: device.id,
  rateMicroPerHour: String(rate),
  slice: { cores: [core], memoryBytes: 1_000_000_000, gpus: [] },
});

function birth(
  devices: readonly DeviceRow[],
  changes: Partial<ClusterBirth> = {},
  nodes = devices.map((device) => node(device, 0)),
): ClusterBirth {
  const demand = { nodes: nodes.length, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 3_600_000 };
  const capMicro = String(accruedUp(rate * BigInt(nodes.length), 3_600_000));
  const terms = { currency: 'TUSD', capMicro, feeBasisPoints: 200, durationMs: 3_600_000, policy: 'p'.repeat(64) };
  const quote = { id: sampleId('quo', 1), account: sampleAccount, demand, nodes, ...terms } as unknown as Quote;
  const sealedTo = Object.fromEntries(nodes.map(({ device }) => [device, 'c2VhbGVk']));
  const wanted: NewCluster = {
    name: 'train',
    quote,
    secrets: { sealedTo, sealedToRenter: 'x', recipient: 'age1', renterRecipient: 'age1' },
  };
  const key = { kind: 'key', id: 'k'.repeat(64), account: sampleAccount, spendCapMicro: null, spentMicro: 5n } as unknown as KeyRow;
  const available = availableOf(sampleAccount);
  return {
    id: sampleCluster,
    leaseIds: nodes.map((_, i) => sampleLease(i + 1)),
    entryId: sampleEntry(1),
    account: sampleAccount,
    wanted,
    key,
    devices: new Map(devices.map((device) => [device.id as string, device])),
    balances: new Map([[available, { kind: 'balance', id: available, currency: 'TUSD', amountMicro: 10_000_000n }]]),
    connected: () => true,
    ...changes,
  };
}
const codeOf = (asked: ClusterBirth): string => {
  const made = createCluster(asked, now, policy);
  return made.ok ? 'ok' : made.rejection.code;
};
const two = [sampleDevice(1), sampleDevice(2)];

test('a cluster is born with its leases, its units and its hold in one decision', () => {
  const made = createCluster(birth(two), now, policy);
  assert.ok(made.ok);
  const rows = (kind: string) => made.rows.filter((row) => row.kind === kind);
  assert.deepEqual(
    rows('lease').map((row) => row.kind === 'lease' && [row.role, row.state, row.rateMicroPerHour]),
    [
      ['head', 'reserved', rate],
      ['member', 'reserved', rate],
    ],
  );
  assert.deepEqual(
    rows('device').map((row) => row.kind === 'device' && row.live.map(({ lease }) => lease)),
    [[sampleLease(1)], [sampleLease(2)]],
  );
  const amounts = new Map(rows('balance').map((row) => (row.kind === 'balance' ? [row.id, row.amountMicro] : ['', 0n])));
  assert.equal(amounts.get(holdOf(sampleCluster)), made.value.capMicro);
  assert.equal(amounts.get(availableOf(sampleAccount)), 10_000_000n - made.value.capMicro);
  const [key] = rows('key');
  assert.ok(key?.kind === 'key' && key.spentMicro === 5n + made.value.capMicro);
  assert.equal(rows('event').length, made.value.events);
});

test('what stands in the way of a cluster is named', () => {
  const [first, second] = two as [DeviceRow, DeviceRow];
  const held = { ...first, live: [{ lease: sampleLease(9), slice: { cores: [0], memoryBytes: 1, gpus: [] } }] };
  assert.equal(codeOf(birth([held, second])), 'units.taken');
  assert.equal(codeOf(birth([first, first], {}, [node(first, 0), node(first, 0)])), 'units.taken');
  assert.equal(codeOf(birth([first], {}, [node(first, 0), node(first, 1)])), 'ok');
  assert.equal(codeOf(birth([first], {}, [node(first, 7)])), 'units.taken');
  assert.equal(codeOf(birth(two, { balances: new Map() })), 'balance.short');
  assert.equal(codeOf(birth(two, { connected: (device) => device !== second.id })), 'device.gone');
  assert.equal(codeOf(birth(two, { devices: new Map([[first.id, first]]) })), 'device.gone');
  for (const change of [{ state: 'draining' }, { state: 'removed' }, { proof: null }] as const)
    assert.equal(codeOf(birth([{ ...first, ...change }])), 'device.gone');
  const poor = birth(two);
  assert.equal(codeOf({ ...poor, key: { ...poor.key, spendCapMicro: 5n } }), 'key.spend-cap');
  assert.equal(codeOf({ ...poor, key: { ...poor.key, spendCapMicro: 5n + BigInt(poor.wanted.quote.capMicro) } }), 'ok');
});

test('law: the secret is sealed to exactly the devices of the quote', () => {
  const ids = [1, 2, 3].map((n) => sampleId('dev', n));
  fc.assert(
    fc.property(fc.subarray(ids), (sealed) => {
      const asked = birth(two);
      const secrets = { ...asked.wanted.secrets, sealedTo: Object.fromEntries(sealed.map((id) => [id, 'x'])) };
      const isExact = sealed.length === 2 && !sealed.includes(ids[2] as (typeof ids)[number]);
      assert.equal(codeOf({ ...asked, wanted: { ...asked.wanted, secrets } }), isExact ? 'ok' : 'secrets.mismatch');
    }),
  );
});

test('replacements count, take their units, and become the head where one is needed', () => {
  const { cluster } = renting(2, {
    head: null,
    incarnation: 2,
    secrets: { sealedTo: { [sampleId('dev', 1)]: 'x' }, sealedToRenter: '', recipient: '', renterRecipient: '' },
  });
  const slice = { cores: [0], memoryBytes: 1_000_000_000, gpus: [] };
  const nodes = two.map((device, i) => ({ lease: sampleLease(i + 7), device, group: 0, slice, rateMicroPerHour: 1n }));
  const added = addNodes(cluster, nodes, true, now);
  assert.ok(added.ok);
  assert.deepEqual(
    added.value.map((lease) => [lease.role, lease.incarnation, lease.sealedSecret]),
    [
      ['head', 2, 'x'],
      ['member', 2, null],
    ],
  );
  const grown = added.rows.find((row) => row.kind === 'cluster');
  assert.ok(grown?.kind === 'cluster' && grown.replacements === 2 && grown.head === sampleLease(7) && grown.leases.length === 4);
  const clash = addNodes(
    cluster,
    nodes.map((each) => ({ ...each, device: sampleDevice(1) })),
    true,
    now,
  );
  assert.ok(!clash.ok && clash.rejection.code === 'units.taken');
});

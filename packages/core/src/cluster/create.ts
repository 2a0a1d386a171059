// The birth of a cluster: capacity, the hold and the leases in one decision.
import type { AccountId, ClusterId, EntryId, Instant, LeaseId, NewCluster, Policy, Quote } from '@iog/protocol';
import { formatAmount } from '@iog/protocol';
import type { BalanceRow, ClusterRow, DeviceRow, KeyRow, LeaseRow, Row } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { admissible, takeSlice } from '../fleet/index.ts';
import { placeHold } from '../ledger/index.ts';
import { spendWithin } from '../identity/index.ts';
import { reserve } from '../lease/lease.ts';
import { shapesOf } from '../market/demand.ts';
import { groupOfEach } from './groups.ts';
import { tell } from './story.ts';

export interface ClusterBirth {
  readonly id: ClusterId;
  readonly leaseIds: readonly LeaseId[];
  readonly entryId: EntryId;
  readonly account: AccountId;
  readonly wanted: NewCluster;
  readonly key: KeyRow;
  readonly devices: ReadonlyMap<string, DeviceRow>;
  readonly balances: ReadonlyMap<string, BalanceRow>;
  readonly connected: (device: string) => boolean;
}

/**
 * Takes the quoted units, holds the cap, makes one lease a node; the quote itself was checked before.
 * Rejects `secrets.mismatch`, `device.gone`, `units.taken`, `key.spend-cap`, `balance.short`.
 */
export function createCluster(birth: ClusterBirth, now: Instant, policy: Policy): Decision<ClusterRow> {
  const { wanted, account, key } = birth;
  const { quote, secrets } = wanted;
  const capMicro = BigInt(quote.capMicro);
  const named = new Set<string>(quote.nodes.map((node) => node.device));
  const sealed = Object.keys(secrets.sealedTo);
  if (sealed.length !== named.size || sealed.some((device) => !named.has(device))) return reject('secrets.mismatch');

  const capped = spendWithin(key, capMicro, quote.currency);
  if (capped) return { ok: false, rejection: capped };
  const rates = quote.nodes.map((node) => BigInt(node.rateMicroPerHour));
  const blank: ClusterRow = {
    kind: 'cluster',
    id: birth.id,
    account,
    key: key.id,
    name: wanted.name,
    state: 'forming',
    endReason: null,
    demand: quote.demand,
    currency: quote.currency,
    capMicro,
    heldMicro: capMicro,
    paidMicro: 0n,
    refundedMicro: 0n,
    feeMicro: 0n,
    feeBasisPoints: quote.feeBasisPoints,
    topRateMicroPerHour: topOf(rates),
    ...(quote.demand.more ? { groups: groupsAtBirth(quote, now) } : {}),
    createdAt: now,
    endsAt: now + quote.durationMs,
    endingAt: null,
    endedAt: null,
    incarnation: 1,
    head: birth.leaseIds[0] ?? null,
    leases: birth.leaseIds.slice(0, quote.nodes.length),
    jobs: [],
    secrets,
    events: 0,
    replacements: 0,
    idleEndMs: wanted.idleEndMs ?? null,
    formBy: now + policy.cluster.formWithinMs,
    policy: quote.policy,
    waitsFor: 'its nodes to start',
  };

  const taken = takeUnits(birth, blank, now, policy);
  if (!taken.ok) return taken;
  const held = placeHold({ id: birth.entryId, at: now, cluster: blank, amountMicro: capMicro, balances: birth.balances });
  if (!held.ok) return held;
  const told = tell(blank, now, [
    {
      event: 'cluster.created',
      subject: birth.id,
      detail: `${quote.nodes.length} nodes, ${formatAmount(capMicro)} ${quote.currency} held`,
    },
    ...taken.value.map((lease) => ({ event: 'lease.step', subject: lease.id, detail: `${lease.role} on ${lease.deviceName}: assigned` })),
  ]);
  const spent: KeyRow = { ...key, spentMicro: key.spentMicro + capMicro };
  return accept([told.cluster, ...told.events, ...taken.rows, ...held.rows, spent], told.cluster);
}

function groupsAtBirth({ demand, nodes, durationMs }: Quote, now: Instant): NonNullable<ClusterRow['groups']> {
  const groups = groupOfEach(demand);
  return shapesOf(demand).map((shape, group) => ({
    topRateMicroPerHour: topOf(nodes.filter((_, i) => groups[i] === group).map((node) => BigInt(node.rateMicroPerHour))),
    endsAt: now + (shape.durationMs ?? durationMs),
  }));
}

function topOf(rates: readonly bigint[]): bigint {
  return rates.reduce((top, rate) => (rate > top ? rate : top), 0n);
}

function takeUnits(birth: ClusterBirth, cluster: ClusterRow, now: Instant, policy: Policy): Decision<readonly LeaseRow[]> {
  const devices = new Map<string, DeviceRow>();
  const leases: LeaseRow[] = [];
  const groups = groupOfEach(birth.wanted.quote.demand);
  for (const [i, node] of birth.wanted.quote.nodes.entries()) {
    const device = devices.get(node.device) ?? birth.devices.get(node.device);
    const id = birth.leaseIds[i];
    if (!device || !id) return reject('device.gone', { device: node.device, reason: 'it is not enrolled any more' });
    if (!birth.connected(device.id)) return reject('device.gone', { device: device.id, reason: 'it is not connected' });
    if (!admissible(device, now, policy))
      return reject('device.gone', { device: device.id, reason: `it is ${device.state}, or its capacity proof ends too soon` });
    const taken = takeSlice(device, id, node.slice);
    if (!taken.ok) return taken;
    devices.set(device.id, taken.value);
    const rateMicroPerHour = BigInt(node.rateMicroPerHour);
    const sealedSecret = birth.wanted.secrets.sealedTo[device.id] ?? null;
    const role = i === 0 ? 'head' : 'member';
    leases.push(reserve({ id, cluster, device, slice: node.slice, rateMicroPerHour, role, group: groups[i] ?? 0, sealedSecret }, now));
  }
  const rows: Row[] = [...devices.values(), ...leases];
  return accept(rows, leases);
}

// More time for a cluster: its end moves, and what that costs at unchanged rates is added to its hold, in one decision.
import type { Currency, EntryId, Extension, Instant, Rejection } from '@iog/protocol';
import { accruedUp, formatAmount, formatDurationMs, longestClusterMs } from '@iog/protocol';
import type { BalanceRow, ClusterRow, DeviceRow, KeyRow, LeaseRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { spendWithin } from '../identity/index.ts';
import { placeHold } from '../ledger/index.ts';
import { isLive } from '../lease/lease.ts';
import { rateOf } from '../market/rate.ts';
import { groupsOf, lacking } from './groups.ts';
import { tell } from './story.ts';

export interface Extending {
  readonly wanted: Extension;
  readonly cluster: ClusterRow;
  readonly leases: readonly LeaseRow[];
  /** Those of its live leases. */
  readonly devices: ReadonlyMap<string, DeviceRow>;
  /** The key that made the cluster: what is added counts as spent by it, as the cluster's cap does. */
  readonly key: KeyRow;
  /** The key that asks. */
  readonly caller: KeyRow;
  readonly balances: ReadonlyMap<string, BalanceRow>;
  readonly entryId: EntryId;
}

/**
 * Groups of nodes whose time is not over get as much more as the cluster. A node that is being replaced counts with the most that its group may
 * cost. A supplier that takes a device out, or asks more for it now, is not held to it. Rejects `cluster.state` once it ends or its time is
 * over, `request.refused`, `key.other`, `key.spend-cap`, `balance.short`.
 */
export function extendCluster(
  { wanted, cluster, leases, devices, key, caller, balances, entryId }: Extending,
  now: Instant,
): Decision<ClusterRow> {
  const { id, createdAt, endsAt, currency } = cluster;
  const { byMs } = wanted;
  // Its own spending would not show what it spends here: a capped key could spend without an end.
  if (caller.id !== key.id && caller.spendCapMicro !== null) return reject('key.other', { cluster: id });
  if (cluster.state === 'ending' || cluster.state === 'ended') return reject('cluster.state', { cluster: id, state: cluster.state });
  if (now >= endsAt) return reject('cluster.state', { cluster: id, state: 'ending' });
  const unwilling = leases
    .filter(isLive)
    .map((lease) => unwillingOf(lease, devices.get(lease.device), currency))
    .find((each) => each !== undefined);
  if (unwilling) return { ok: false, rejection: unwilling };
  if (endsAt + byMs - createdAt > longestClusterMs) {
    const detail = `with ${formatDurationMs(byMs)} more it would come to above ${formatDurationMs(longestClusterMs)} in all`;
    return reject('request.refused', { detail });
  }
  const mostMicro = wanted.capMicro === undefined ? null : BigInt(wanted.capMicro);
  if (mostMicro !== null && mostMicro < 0n) return reject('request.refused', { detail: 'capMicro is below zero' });

  const wholeMicro = accruedUp(rateOfNodes(cluster, leases, now), byMs);
  const addedMicro = mostMicro !== null && mostMicro < wholeMicro ? mostMicro : wholeMicro;
  const capped = spendWithin(key, addedMicro, currency);
  if (capped) return { ok: false, rejection: capped };
  const held = addedMicro === 0n ? accept([]) : placeHold({ id: entryId, at: now, cluster, amountMicro: addedMicro, balances });
  if (!held.ok) return held;

  const longer: ClusterRow = {
    ...cluster,
    endsAt: endsAt + byMs,
    capMicro: cluster.capMicro + addedMicro,
    heldMicro: cluster.heldMicro + addedMicro,
    ...(cluster.groups
      ? { groups: cluster.groups.map((group) => (now < group.endsAt ? { ...group, endsAt: group.endsAt + byMs } : group)) }
      : {}),
  };
  const detail = `${formatDurationMs(byMs)} longer, ${formatAmount(addedMicro)} ${currency} more held`;
  const told = tell(longer, now, [{ event: 'cluster.extended', subject: id, detail }]);
  const spent: KeyRow = { ...key, spentMicro: key.spentMicro + addedMicro };
  return accept([told.cluster, ...told.events, ...held.rows, spent], told.cluster);
}

/** Why this device is not rented for longer at the lease's rate. */
function unwillingOf(
  { device: id, slice, rateMicroPerHour }: LeaseRow,
  device: DeviceRow | undefined,
  currency: Currency,
): Rejection | undefined {
  if (!device || device.state === 'draining' || device.state === 'removed')
    return { code: 'request.refused', context: { detail: `the supplier of ${device?.name ?? id} takes it out of the network` } };
  const nowMicro = rateOf(slice, device.units, device.prices).rateMicroPerHour;
  if (nowMicro <= rateMicroPerHour) return undefined;
  const [asked, had] = [nowMicro, rateMicroPerHour].map((micro) => `${formatAmount(micro)} ${currency}`);
  return { code: 'request.refused', context: { detail: `the device ${device.name} costs ${asked} an hour now and was rented for ${had}` } };
}

/** What its nodes cost an hour, those that are missing at the most that they may. */
function rateOfNodes(cluster: ClusterRow, leases: readonly LeaseRow[], now: Instant): bigint {
  const groups = groupsOf(cluster);
  const live = leases.filter(isLive).reduce((sum, lease) => sum + lease.rateMicroPerHour, 0n);
  return lacking(cluster, leases, now).reduce((sum, group) => sum + (groups[group]?.topRateMicroPerHour ?? 0n), live);
}

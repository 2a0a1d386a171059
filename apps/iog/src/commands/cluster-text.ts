// A cluster as people read it. Pure.
import { formatAmount, formatDurationMs, type ClusterEvent, type ClusterView, type LeaseId, type MinuteView } from '@iog/protocol';
import { reasonsOf } from '../story/unproven.ts';
import { formatCores, formatInstant, money, pairs, table, waitReason } from '../terminal/format.ts';

/** The verdicts of leases that have minutes which are not proven. */
export type Verdicts = ReadonlyMap<LeaseId, readonly MinuteView[]>;

export function clusterText(cluster: ClusterView, verdicts: Verdicts = new Map()): string {
  const { currency } = cluster;
  const rows = cluster.leases.map((lease) => [
    lease.id,
    lease.deviceName,
    lease.id === cluster.head ? 'head' : lease.role,
    lease.state,
    lease.detail === '' ? lease.step : `${lease.step}, ${lease.detail}`,
    formatCores(lease.slice.cores),
    formatDurationMs(lease.provenMs),
    formatDurationMs(lease.unprovenMs),
    formatAmount(BigInt(lease.paidMicro)),
  ]);
  const facts = pairs([
    ['cluster', cluster.id],
    ['name', cluster.name],
    [
      'state',
      `${cluster.state}${cluster.endReason === null ? '' : ` (${cluster.endReason})`}${cluster.waitsFor === '' ? '' : `, waits for ${waitReason(cluster.waitsFor)}`}`,
    ],
    ['rate', `${money(cluster.rateMicroPerHour, currency)} an hour`],
    ['cap', money(cluster.capMicro, currency)],
    ['held', money(cluster.heldMicro, currency)],
    ['paid', money(cluster.paidMicro, currency)],
    ['refunded', money(cluster.refundedMicro, currency)],
    ['created', formatInstant(cluster.createdAt)],
    ['ends', formatInstant(cluster.endedAt ?? cluster.endsAt)],
    ['incarnation', String(cluster.incarnation)],
  ]);
  const head = ['lease', 'device', 'role', 'state', 'step', 'cores', 'proven', 'unproven', 'paid'];
  return [facts, '', table(head, rows, [6, 7, 8]), ...unprovenNotes(cluster, verdicts), '', cluster.notice].join('\n');
}

function unprovenNotes({ leases }: ClusterView, verdicts: Verdicts): string[] {
  return leases
    .filter(({ unprovenMs }) => unprovenMs > 0)
    .map((lease) => `  ${unprovenText(lease.deviceName, lease.unprovenMs, verdicts.get(lease.id) ?? [])}`);
}

export function unprovenText(device: string, ms: number, minutes: readonly MinuteView[]): string {
  return `${device}, ${formatDurationMs(ms)} unproven: ${[...reasonsOf(minutes), 'these minutes are refunded'].join('; ')}`;
}

export function clusterTable(clusters: readonly ClusterView[]): string {
  if (clusters.length === 0) return 'No clusters. Rent one: `iog cluster create`, or `iog run`.';
  const rows = clusters.map(({ id, name, state, endReason, leases, rateMicroPerHour, currency, paidMicro, createdAt }) => [
    id,
    name,
    endReason === null ? state : `${state} (${endReason})`,
    String(leases.filter((lease) => lease.state === 'active').length),
    money(rateMicroPerHour, currency),
    money(paidMicro, currency),
    formatInstant(createdAt),
  ]);
  return table(['cluster', 'name', 'state', 'nodes', 'rate/h', 'paid', 'created'], rows, [3, 4, 5]);
}

export function eventText({ at, kind, subject, detail }: ClusterEvent): string {
  return `${formatInstant(at)}  ${kind.padEnd(18)}  ${detail === '' ? subject : `${detail}  (${subject})`}`;
}

// What rows say against what really was: the simulator knows which nodes ran, what was heard, and who did the work.
import type { DeviceRow, LeaseRow, MinuteRow, Row } from '@iog/core';
import type { Mirror, Touched } from './mirror.ts';

/** The world as only the simulator sees it. A device that lied, or that two machines pretend to be, is not judged by it. */
export interface World {
  readonly isHonest: (device: string) => boolean;
  /** Whether the lease's node was ever ready on its own machine. */
  readonly wasReady: (lease: string) => boolean;
  readonly runs: (lease: string, device: string) => boolean;
  /** When a control that is up last heard the device, and whether control's clock has jumped since. */
  readonly silentMs: (device: string) => number | undefined;
  readonly didTheWork: (device: string) => boolean;
  readonly lostAfterMs: number;
  readonly maxGapMs: number;
}

/** What contradicts the world; undefined where nothing does. */
export function untrue({ before, after }: Touched, rows: Mirror, world: World): { law: string; detail: string } | undefined {
  if (after?.kind === 'lease') return untrueLease(after, before?.kind === 'lease' ? before : undefined, world);
  if (after?.kind === 'device') return untrueDevice(after, before?.kind === 'device' ? before : undefined, world);
  if (after?.kind === 'minute') return untrueMinute(after, before, rows, world);
  return undefined;
}

function untrueLease(lease: LeaseRow, before: LeaseRow | undefined, world: World) {
  if (!world.isHonest(lease.device)) return undefined;
  const began = lease.startedAt !== null && before?.startedAt === null;
  if (began && !world.wasReady(lease.id))
    return { law: '2 money runs once the node is ready', detail: `${lease.id} began, and its node was never ready` };
  if (lease.stopped && before?.stopped === false && world.runs(lease.id, lease.device))
    return {
      law: '3 units are free once nothing runs on them',
      detail: `${lease.id} is said to have stopped on ${lease.device}, where it runs`,
    };
  const lost = before?.endReason === null && (lease.endReason?.startsWith('device lost') ?? false);
  const silentMs = lost ? world.silentMs(lease.device) : undefined;
  if (silentMs !== undefined && silentMs < world.lostAfterMs - 1_000)
    return {
      law: '4 a device is lost by its own silence alone',
      detail: `${lease.id} was lost after ${silentMs} ms without a word from ${lease.device}`,
    };
  return undefined;
}

function untrueDevice(device: DeviceRow, before: DeviceRow | undefined, world: World) {
  const isNew = device.proof !== null && device.proof.at !== before?.proof?.at;
  return isNew && !world.didTheWork(device.id)
    ? { law: '8 a capacity proof is work that was done', detail: `${device.id} has a proof for work that it did not do` }
    : undefined;
}

/** The evidence of a proven minute, read again: every pulse answered, no hole up to its end wider than the policy allows. */
function untrueMinute(minute: MinuteRow, before: Row | undefined, rows: Mirror, world: World) {
  const isNew = minute.verdict?.kind === 'proven' && (before as MinuteRow | undefined)?.verdict == null;
  if (!isNew) return undefined;
  if (minute.pulses.some(({ answeredAt }) => answeredAt === null))
    return { law: '4 a proven minute has no missed pulse', detail: `${minute.id} was proven, and a pulse was missed` };
  const around = [-4, -3, -2, -1, 0, 1, 2, 3, 4].flatMap(
    (d) => rows.one('minute', `${minute.lease}/${String(minute.k + d).padStart(8, '0')}`)?.samples ?? [],
  );
  const times = around.map(({ at }) => at).toSorted((a, b) => a - b);
  const edges = [
    times.findLast((at) => at <= minute.from) ?? minute.from,
    ...times.filter((at) => at > minute.from && at < minute.to),
    minute.to,
  ];
  const widest = edges.reduce((most, at, i) => Math.max(most, at - (edges[i - 1] ?? at)), 0);
  return widest > world.maxGapMs || times.length === 0
    ? { law: '4 a proven minute has an unbroken chain', detail: `${minute.id} was proven with a hole of ${widest} ms` }
    : undefined;
}

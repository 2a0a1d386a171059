// A device's chain for tests: snapshots as a worker would take them, and what placing them in order makes of them.
import type { DeviceId, Instant, Snapshot } from '@iog/protocol';
import { sampleId, sampleLease } from '../fleet/sample-device.ts';
import type { ChainHead, Sample } from '../rows.ts';
import { type Placed, placeSample } from './place-sample.ts';

const device: DeviceId = sampleId('dev', 1);
/** What the device's monotonic clock showed at time 0 of the tests. */
export const bootMs = 500_000;

export interface Taken {
  readonly snapshot: Snapshot;
  readonly hash: string;
  readonly arrivedAt: Instant;
}

export function hashOf(snapshot: Snapshot): string {
  return `${snapshot.segment}.${snapshot.index}.${snapshot.busyMs}.${snapshot.monoMs}`.padEnd(64, '0').replaceAll('.', 'f');
}

/** One snapshot taken at `at`: a tenant that has kept one core busy since time 0, unless changed. */
export function take(at: number, where: { segment: number; index: number; prev: string }, changes: Partial<Snapshot> = {}): Snapshot {
  const busyMs = Math.max(0, at) + 1_000_000;
  const counts = { monoMs: at + bootMs, busyMs, tenantMs: busyMs, ownMs: 0 };
  const base = { v: 1, lease: sampleLease(1), device, ...where, ...counts, pulse: '', method: 'schedstat', closing: false } as const;
  return { ...base, ...changes };
}

export interface ChainPlan {
  readonly times: readonly number[];
  readonly segmentOf?: (i: number) => number;
  readonly delayMs?: (i: number) => number;
  readonly changes?: (i: number, at: number) => Partial<Snapshot>;
}

/** Snapshots at these times, chained; each arrives `delayMs` later, in order. */
export function chain({ times, segmentOf = () => 1, delayMs = () => 20, changes = () => ({}) }: ChainPlan): Taken[] {
  const taken: Taken[] = [];
  let arrivedAt = 0;
  for (const [i, at] of times.entries()) {
    const before = taken.at(-1);
    const segment = segmentOf(i);
    const isFirst = before?.snapshot.segment !== segment;
    const where = { segment, index: isFirst ? 0 : (before?.snapshot.index ?? 0) + 1, prev: isFirst ? '' : (before?.hash ?? '') };
    const snapshot = take(at, where, changes(i, at));
    arrivedAt = Math.max(arrivedAt, at + delayMs(i));
    taken.push({ snapshot, hash: hashOf(snapshot), arrivedAt });
  }
  return taken;
}

export function place({ snapshot, hash, arrivedAt }: Taken, head: ChainHead | null, pulseSentAt?: Instant): Placed {
  return placeSample({ snapshot, hash, arrivedAt, pulseSentAt, chain: head, signed: { bytes: hash, signature: 's'.repeat(86) } });
}

/** What control holds after taking these in, in the order given. */
export function placed(taken: readonly Taken[]): Sample[] {
  const samples: Sample[] = [];
  let head: ChainHead | null = null;
  for (const each of taken) {
    const result = place(each, head);
    if ('sample' in result) samples.push(result.sample);
    if (result.kind === 'placed') head = result.chain;
  }
  return samples;
}

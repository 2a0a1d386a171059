// How a device looks from outside: its state now, what is free, its reputation, and what it waits for.
import { type DeviceView, type Instant, type Isolation, type Policy, type RuntimeKind, type Slice, formatDurationMs } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { admissible, proofTooShort, shortfall } from './capacity.ts';
import { freeUnits } from './units.ts';

export interface Liveness {
  readonly connected: boolean;
  readonly lastSeenAt: Instant | null;
}

export function deviceView(device: DeviceRow, live: Liveness, now: Instant, policy: Policy): DeviceView {
  return {
    id: device.id,
    account: device.account,
    name: device.name,
    state: device.state === 'admitted' && !admissible(device, now, policy) ? 'waiting' : device.state,
    connected: live.connected,
    region: device.region,
    tier: tierOf(),
    runtime: device.runtime,
    isolation: isolationOf(device.runtime),
    units: device.units,
    free: freeSlice(device),
    prices: device.prices,
    followsBook: device.followsBook ?? false,
    proof: device.proof,
    leases: device.live.map(({ lease }) => lease),
    reputation: reputation(device.provenMs, device.unprovenMs),
    epoch: device.epoch,
    lastSeenAt: live.lastSeenAt,
    waitsFor: waitsFor(device, live, now, policy),
  };
}

/** The largest slice that can be taken now, or null where no core is free. */
export function freeSlice(device: DeviceRow): Slice | null {
  const free = freeUnits(device);
  if (device.state === 'removed' || free.cores.length === 0) return null;
  return { cores: [...free.cores], memoryBytes: free.memoryBytes, gpus: free.gpus.map((gpu) => gpu.uuid) };
}

/** Ten leased hours of which nine were proven: what a device without a history is taken to have. Chosen; a day of real leases outweighs it. */
const prior = { provenMs: 9 * 3_600_000, allMs: 10 * 3_600_000 } as const;

/** The proven share of leased time, smoothed by the prior: between 0 and 1. It is not trust. */
export function reputation(provenMs: number, unprovenMs: number): number {
  return (provenMs + prior.provenMs) / (provenMs + unprovenMs + prior.allMs);
}

/** No device's tier is known before the network measures it. */
export function tierOf(): DeviceView['tier'] {
  return 'unmeasured';
}

export function isolationLevel(runtime: RuntimeKind): Isolation {
  switch (runtime) {
    case 'process':
      return 'none';
    default:
      return runtime satisfies never;
  }
}

/** What a runtime keeps apart, in words that a renter reads. */
export function isolationOf(runtime: RuntimeKind): string {
  switch (runtime) {
    case 'process':
      return "none: ordinary processes of the host's user";
    default:
      return runtime satisfies never;
  }
}

function waitsFor(device: DeviceRow, live: Liveness, now: Instant, policy: Policy): string {
  const leases = `${device.live.length} ${device.live.length === 1 ? 'lease' : 'leases'}`;
  if (device.state === 'removed') return 'to rent it out again, enrol it anew';
  if (device.state === 'draining')
    return device.live.length > 0 ? `drains: waits for ${leases} to end` : 'drained: may be removed, or resumed';
  if (!live.connected) return `waits for its worker to connect${since(live.lastSeenAt, now)}`;
  if (proofTooShort(device, now, policy)) {
    if (device.proof === null) return 'waits for its capacity proof';
    return device.live.length > 0 ? `waits for a new capacity proof, made when ${leases} end` : 'waits for a new capacity proof';
  }
  const lacks = shortfall(device, policy);
  if (lacks !== undefined) return `waits for ${lacks}`;
  if (device.state === 'waiting') return 'waits for its admission';
  return freeSlice(device) === null ? `waits for ${leases} to end: no core is free` : '';
}

function since(lastSeenAt: Instant | null, now: Instant): string {
  return lastSeenAt === null ? '' : `; last seen ${formatDurationMs(Math.max(0, now - lastSeenAt))} ago`;
}

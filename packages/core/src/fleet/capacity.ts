// Capacity proofs: timed work on all offered threads, asked by control, valid for a while. Without one a device is not rented.
import type { CapacityProof, Instant, Policy, ToWorker } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';

export type CapacityDemand = Extract<ToWorker, { type: 'capacity' }>;

/** The demand to send: one chain of Argon2id on each offered core. `salt` and `id` are 64 hex digits, fresh from control's randomness. */
export function capacityDemand(device: Pick<DeviceRow, 'units'>, policy: Policy, salt: string, id: string): CapacityDemand {
  const { memoryKib, passes, links, withinMs } = policy.capacity;
  return { type: 'capacity', id, salt, threads: device.units.cores.length, memoryKib, passes, links, withinMs };
}

export interface CapacityAnswer {
  /** Whether the digests are those of the demand. */
  readonly digestsOk: boolean;
  /** From sending to arrival, on control's clock. */
  readonly tookMs: number;
  readonly threads: number;
  readonly policy: Policy;
  readonly now: Instant;
}
export type CapacityJudgement = { readonly ok: true; readonly proof: CapacityProof } | { readonly ok: false; readonly reason: string };

export function judgeCapacity({ digestsOk, tookMs, threads, policy, now }: CapacityAnswer): CapacityJudgement {
  const { withinMs, validMs } = policy.capacity;
  if (!digestsOk) return { ok: false, reason: 'the answer to the capacity demand was wrong' };
  if (tookMs > withinMs) return { ok: false, reason: `the capacity demand took ${tookMs} ms, more than ${withinMs} ms` };
  return { ok: true, proof: { at: now, expiresAt: now + validMs, threads, tookMs: Math.max(0, Math.round(tookMs)), basis: 'declared' } };
}

export interface ProofTaking {
  readonly now: Instant;
  readonly policy: Policy;
  /** Of its pulses; null where none was answered yet. */
  readonly rttMs: number | null;
}

/**
 * Keeps the proof; a waiting device whose every core it covers, and that falls short of nothing, is admitted. A draining one stays so.
 * Rejects `device.removed`.
 */
export function recordProof(device: DeviceRow, proof: CapacityProof, { now, policy, rttMs }: ProofTaking): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  // A row says no more than its policy asks.
  const measured = policy.minimum.rttMs === undefined || rttMs === null ? {} : { rttMs };
  const proved: DeviceRow = { ...device, proof, ...measured };
  const admitted = device.state === 'waiting' && !proofExpired(proved, now) && shortfall(proved, policy) === undefined;
  const row: DeviceRow = admitted ? { ...proved, state: 'admitted' } : proved;
  return accept([row], row);
}

/** Whether the device lacks a proof that is valid now and covers all its cores. */
export function proofExpired({ proof, units }: Pick<DeviceRow, 'proof' | 'units'>, now: Instant): boolean {
  return proof === null || proof.expiresAt <= now || proof.threads < units.cores.length;
}

/** Whether the proof may run out before a node that is placed now begins: a lease activates (T1) within the forming time, under a valid proof. */
export function proofTooShort(device: Pick<DeviceRow, 'proof' | 'units'>, now: Instant, policy: Policy): boolean {
  return proofExpired(device, now + policy.cluster.formWithinMs);
}

/** Whether new leases may come to it now (as far as its row says; whether it is connected, live state knows). */
export function admissible(device: Pick<DeviceRow, 'state' | 'proof' | 'units' | 'rttMs'>, now: Instant, policy: Policy): boolean {
  return device.state === 'admitted' && !proofTooShort(device, now, policy) && shortfall(device, policy) === undefined;
}

/** What the device has too little of, with what it has and what the policy wants; undefined where it has enough. */
export function shortfall({ units, rttMs }: Pick<DeviceRow, 'units' | 'rttMs'>, { minimum }: Policy): string | undefined {
  const { memoryBytes, diskBytes = 0, rttMs: mostRttMs } = minimum;
  if (units.memoryBytes < memoryBytes) return `${gigabytes(memoryBytes)} of memory: it declares ${gigabytes(units.memoryBytes)}`;
  if (units.diskBytes < diskBytes) return `${gigabytes(diskBytes)} of disk: it declares ${gigabytes(units.diskBytes)}`;
  if (mostRttMs === undefined || rttMs === undefined || rttMs <= mostRttMs) return undefined;
  return `a round trip of at most ${mostRttMs} ms: ${rttMs} ms were measured`;
}

/** From when on it takes no new lease, if its row stays as it is: minus infinity where it takes none now. The same word as `admissible` and the policy's runtimes. */
export function admissibleUntil(device: Pick<DeviceRow, 'state' | 'proof' | 'units' | 'runtime'>, policy: Policy): number {
  const { state, proof, units, runtime } = device;
  if (state !== 'admitted' || proof === null || proof.threads < units.cores.length || !policy.runtimes.includes(runtime)) return -Infinity;
  return proof.expiresAt - policy.cluster.formWithinMs;
}

const measureAgainMs = 600_000;

/** Before its end, a proof is renewed by this much: while its last quarter runs, which begins before it is too short for a new lease. */
function renewalMarginMs({ capacity, cluster }: Policy): number {
  return Math.floor(capacity.validMs / 4) + cluster.formWithinMs;
}

/** Why this policy's proofs would be good for nothing; undefined where they are. */
export function capacityObjection(policy: Policy): string | undefined {
  const leastMs = renewalMarginMs(policy) + policy.capacity.withinMs;
  if (policy.capacity.validMs > leastMs) return undefined;
  return `capacity.validMs is ${policy.capacity.validMs}: a proof must outlast a quarter of it, cluster.formWithinMs and capacity.withinMs, together ${leastMs} ms`;
}

/**
 * Whether to demand a proof now: it lacks one, or the one it has ends soon. Never while leases live on it, because the work takes all
 * its cores: a leased device whose proof runs out takes no further lease until it is idle.
 */
export function capacityDue(device: DeviceRow, now: Instant, policy: Policy): boolean {
  if (device.state === 'removed' || device.live.length > 0) return false;
  const isFar = device.rttMs !== undefined && device.rttMs > (policy.minimum.rttMs ?? Number.POSITIVE_INFINITY);
  // A link that was slow may be better by now: it is measured again with a new proof.
  if (isFar && now - (device.proof?.at ?? 0) >= measureAgainMs) return true;
  return proofExpired(device, now + renewalMarginMs(policy));
}

function gigabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e8) / 10} GB`;
}

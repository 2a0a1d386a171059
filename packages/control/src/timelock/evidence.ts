// Evidence in: each signed sample is checked, dated, put into its lease-minute, and acknowledged only after that is committed.
import { Compile } from 'typebox/compile';
import { type LeaseId, type SignedSnapshot, type Snapshot, SnapshotSchema, minuteMs } from '@iog/protocol';
import { type ChainHead, type MinuteRow, type Row, type Sample, minuteBounds, minuteId, placeSample } from '@iog/core';
import { fromBase64url, sha256hex, verify } from '@iog/seal';
import { type ControlPorts, change } from '../ports.ts';
import { pulseSentAt } from '../fleet/pulse-nonce.ts';

const checkSnapshot = Compile(SnapshotSchema);
/** Samples that one minute may hold; a worker that sends more is not believed any better. */
const samplesPerMinute = 64;

interface From {
  readonly device: string;
  readonly publicKey: string;
}
interface Signed {
  readonly snapshot: Snapshot;
  readonly signed: SignedSnapshot;
  readonly hash: string;
}

/** Commits these samples and gives back up to where the lease's chain is now held; undefined when the lease is not this device's. */
export async function takeEvidence(
  ports: ControlPorts,
  pulseSecret: Uint8Array,
  from: From,
  leaseId: LeaseId,
  snapshots: readonly SignedSnapshot[],
): Promise<{ segment: number; index: number } | undefined> {
  const arrivedAt = ports.clock.now();
  const valid = snapshots.map((signed) => readSnapshot(from, leaseId, signed));
  const read = valid.filter((each): each is Signed => each !== undefined);
  if (read.length < valid.length)
    ports.log({ level: 'warn', event: 'evidence.refused', device: from.device, lease: leaseId, samples: valid.length - read.length });
  const held = await change<ChainHead | null | undefined>(ports, async (rows) => {
    const lease = await rows.one('lease', leaseId);
    if (!lease || lease.device !== from.device) return { writes: [], value: undefined };
    let chain = lease.chain;
    const samples: Sample[] = [];
    for (const { snapshot, signed, hash } of read) {
      const sentAt = snapshot.pulse === '' ? undefined : pulseSentAt(pulseSecret, from.device, snapshot.pulse);
      const placed = placeSample({ snapshot, signed, hash, arrivedAt, pulseSentAt: sentAt, chain });
      if ('sample' in placed) samples.push(placed.sample);
      if (placed.kind === 'placed') chain = placed.chain;
    }
    if (samples.length === 0) return { writes: [], value: lease.chain };
    const minutes = new Map<string, MinuteRow>();
    for (const sample of lease.startedAt === null ? [] : samples) {
      const k = Math.max(0, Math.floor((sample.at - lease.startedAt!) / minuteMs));
      const id = minuteId(lease.id, k);
      const bounds = minuteBounds(lease.startedAt!, lease.endedAt, k);
      const minute = minutes.get(id) ??
        (await rows.one('minute', id)) ?? { kind: 'minute', id, lease: lease.id, k, samples: [], pulses: [], ...bounds, verdict: null };
      if (minute.verdict === null && minute.samples.length < samplesPerMinute)
        minutes.set(id, { ...minute, samples: [...minute.samples, sample] });
    }
    // The receipt of a settled lease names the hash: what comes later is acknowledged and changes it no more.
    const hashed = lease.state === 'settled' ? [] : samples;
    const evidence = hashed.reduce((hash, sample) => sha256hex(hash + sha256hex(sample.signed.bytes)), lease.evidence);
    const writes: Row[] = [{ ...lease, chain, evidence }, ...minutes.values()];
    return { writes, value: chain };
  });
  if (held === undefined) return undefined;
  ports.signals.wake('minute', leaseId);
  return held ? { segment: held.segment, index: held.index } : undefined;
}

function readSnapshot({ device, publicKey }: From, lease: LeaseId, signed: SignedSnapshot): Signed | undefined {
  try {
    const bytes = fromBase64url(signed.bytes);
    if (!verify(publicKey, 'evidence', bytes, signed.signature)) return undefined;
    const snapshot: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (!checkSnapshot.Check(snapshot) || snapshot.lease !== lease || snapshot.device !== device) return undefined;
    return { snapshot, signed, hash: sha256hex(bytes) };
  } catch {
    return undefined;
  }
}

// Evidence in: each signed sample is checked, dated, put into its lease-minute, and acknowledged only after that is committed.
import { Compile } from 'typebox/compile';
import { type LeaseId, type SignedSnapshot, type Snapshot, SnapshotSchema, minuteMs } from '@iog/protocol';
import { type ChainHead, type LeaseRow, type MinuteRow, type Row, type Sample, minuteBounds, minuteId, placeSample } from '@iog/core';
import { fromBase64url, sha256hex, verify } from '@iog/seal';
import { type ControlPorts, type Read, change } from '../ports.ts';
import { pulseSentAt } from '../fleet/pulse-nonce.ts';

const checkSnapshot = Compile(SnapshotSchema);
/** Samples that one minute may hold; a worker that sends more is not believed any better. */
const samplesPerMinute = 64;

interface From {
  readonly device: string;
  readonly epoch: number;
  readonly publicKey: string;
}
interface Taken {
  readonly chain: ChainHead | null;
  readonly left: readonly Sample[];
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
  // Before any signature is looked at: else whoever has no lease here could keep us at it.
  const [named] = await ports.store.load([{ kind: 'lease', id: leaseId }]);
  if ((named?.row as LeaseRow | undefined)?.device !== from.device) return undefined;
  const valid = snapshots.map((signed) => readSnapshot(from, leaseId, signed));
  const read = valid.filter((each): each is Signed => each !== undefined);
  if (read.length < valid.length)
    ports.log({ level: 'warn', event: 'evidence.refused', device: from.device, lease: leaseId, samples: valid.length - read.length });
  const taken = await change<Taken | undefined>(ports, async (rows) => {
    const lease = await rows.one('lease', leaseId);
    if (!lease || lease.device !== from.device) return { writes: [], value: undefined };
    // A session that another took over, perhaps in another replica, changes nothing: its worker sends again in the new one.
    if ((await rows.one('device', from.device))?.epoch !== from.epoch) return { writes: [], value: undefined };
    let chain = lease.chain;
    const samples: Sample[] = [];
    for (const { snapshot, signed, hash } of read) {
      const sentAt = snapshot.pulse === '' ? undefined : pulseSentAt(pulseSecret, from.device, snapshot.pulse);
      const placed = placeSample({ snapshot, signed, hash, arrivedAt, pulseSentAt: sentAt, chain });
      if ('sample' in placed) samples.push(placed.sample);
      if (placed.kind === 'placed') chain = placed.chain;
    }
    if (samples.length === 0) return { writes: [], value: { chain: lease.chain, left: [] } };
    const { minutes, left } = await intoMinutes(rows, lease, samples);
    // The receipt of a settled lease names the hash: what comes later is acknowledged and changes it no more.
    const hashed = lease.state === 'settled' ? [] : samples;
    const evidence = hashed.reduce((hash, sample) => sha256hex(hash + sha256hex(sample.signed.bytes)), lease.evidence);
    const writes: Row[] = [{ ...lease, chain, evidence }, ...minutes];
    return { writes, value: { chain, left } };
  });
  if (taken === undefined) return undefined;
  const { chain, left } = taken;
  if (left.length > 0) {
    const contradictions = left.filter((sample) => sample.contradiction).length;
    ports.log({ level: 'warn', event: 'evidence.in-no-minute', device: from.device, lease: leaseId, samples: left.length, contradictions });
  }
  ports.signals.wake('minute', leaseId);
  return chain ? { segment: chain.segment, index: chain.index } : undefined;
}

/**
 * The minutes with these samples in them, and the samples that found no place: their minute has its verdict, which only a published correction
 * may change, or holds as many as it may. The lease's hash covers them too. A contradiction of a decided minute is put into the next one, which
 * it voids where that rests on the contradicted sample: what came too late for one verdict does not go unseen by the other.
 */
async function intoMinutes(rows: Read, lease: LeaseRow, samples: readonly Sample[]): Promise<{ minutes: MinuteRow[]; left: Sample[] }> {
  const { startedAt, endedAt, nextMinute } = lease;
  const minutes = new Map<string, MinuteRow>();
  const left: Sample[] = [];
  for (const sample of startedAt === null ? [] : samples) {
    const dated = Math.max(0, Math.floor((sample.at - startedAt!) / minuteMs));
    const k = sample.contradiction ? Math.max(dated, nextMinute) : dated;
    const bounds = minuteBounds(startedAt!, endedAt, k);
    const id = minuteId(lease.id, k);
    const blank: MinuteRow = { kind: 'minute', id, lease: lease.id, k, samples: [], pulses: [], absences: [], ...bounds, verdict: null };
    const minute = minutes.get(id) ?? (await rows.one('minute', id)) ?? blank;
    // After the last minute none is decided any more, and nothing would ever read it there.
    const isPast = minute.verdict !== null || (k !== dated && bounds.to === bounds.from);
    if (isPast || minute.samples.length >= samplesPerMinute) left.push(sample);
    else minutes.set(id, { ...minute, samples: [...minute.samples, sample] });
  }
  return { minutes: [...minutes.values()], left };
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

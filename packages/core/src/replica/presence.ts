// What several replicas know of one device, put together: its sessions, pulses and absences. What is not known yet is waited for; an
// outage of a replica is the network's fault, never the device's.
import type { DeviceId, Instant } from '@iog/protocol';
import type { Absence, PresenceRow, PulseRecord, ReplicaRow, SessionRecord } from '../rows.ts';
import { isAlive } from './shards.ts';

const keptMs = 600_000;
const sessionsKept = 32;
const absencesKept = 120;

/** The replicas as they are now, and what the asking one allows a device that has no session of its own memory. */
export interface Watch {
  readonly replicas: ReadonlyMap<string, ReplicaRow>;
  /** When the asking replica began. */
  readonly since: Instant;
  /** Within so long after an outage a device is not blamed for its absence. */
  readonly reconnectMs: number;
  readonly now: Instant;
}

export function blankPresence(id: DeviceId): PresenceRow {
  return { kind: 'presence', id, sessions: [], pulses: [], absences: [], rttMs: null };
}

/** The same for any order and for anything told twice; what is older than ten minutes, or too many, is forgotten. */
export function mergePresence(a: PresenceRow, b: PresenceRow): PresenceRow {
  const sessions = new Map<number, SessionRecord>();
  for (const each of [...a.sessions, ...b.sessions]) {
    const known = sessions.get(each.epoch);
    sessions.set(each.epoch, known ? laterOf(known, each) : each);
  }
  const ordered = [...sessions.values()].toSorted((x, y) => x.epoch - y.epoch);
  const latest = Math.max(0, ...ordered.map(({ writtenAt }) => writtenAt));
  const isKept = (at: Instant): boolean => at >= latest - keptMs;
  return {
    ...a,
    sessions: ordered.filter((each, i) => i === ordered.length - 1 || isKept(each.closedAt ?? each.writtenAt)).slice(-sessionsKept),
    pulses: unique([...a.pulses, ...b.pulses], pulseKey)
      .filter(({ sentAt }) => isKept(sentAt))
      .toSorted((x, y) => x.sentAt - y.sentAt),
    absences: longest(unique([...a.absences, ...b.absences], ({ from }) => from).filter(({ to }) => isKept(to))).toSorted(
      (x, y) => x.from - y.from,
    ),
    rttMs: newest(b) >= newest(a) ? (b.rttMs ?? a.rttMs) : (a.rttMs ?? b.rttMs),
  };
}

/** Since when the device has no session for which it is to blame; null while it has one. */
export function absentSince(presence: PresenceRow | undefined, watch: Watch): Instant | null {
  const last = presence?.sessions.at(-1);
  if (!last) return watch.since + watch.reconnectMs;
  const outage = outageTo(last, watch);
  if (outage !== undefined) return Math.max(last.closedAt ?? 0, outage + watch.reconnectMs);
  return last.closedAt;
}

/** A new session begins: the absence before it is noted. A session that another took over leaves none. */
export function openPresence(presence: PresenceRow, session: SessionRecord, watch: Watch): PresenceRow {
  const since = absentSince(presence, watch);
  const absences = since !== null && since < watch.now ? [{ from: since, to: watch.now }] : [];
  return mergePresence(presence, { ...presence, sessions: [session], pulses: [], absences });
}

/** The last moment at which the device may have been heard: silence that nobody could hear is not its own. */
export function heardAt(presence: PresenceRow | undefined, watch: Watch): Instant {
  const last = presence?.sessions.at(-1);
  if (!last) return watch.since;
  const outage = outageTo(last, watch);
  if (outage !== undefined) return Math.max(last.seenAt, outage, watch.since);
  // Of an open session its holder alone knows; what it has not written yet counts for the device.
  const unknownMs = last.closedAt === null ? Math.max(0, watch.now - last.writtenAt) : 0;
  return Math.max(last.seenAt + unknownMs, watch.since);
}

export function isPresent(presence: PresenceRow | undefined, watch: Pick<Watch, 'replicas' | 'now'>): boolean {
  const last = presence?.sessions.at(-1);
  return last !== undefined && last.closedAt === null && outageTo(last, watch) === undefined;
}

export interface Witnessed {
  readonly pulses: readonly PulseRecord[];
  readonly absences: readonly Absence[];
  /** Some replica has not written down all of its pulses of this time. */
  readonly isOwed: boolean;
  /** The evidence window begins no earlier: before, the device had nobody to send to. */
  readonly servedFrom: Instant;
}

/** What all replicas say of [from, to). */
export function witnessed(presence: PresenceRow | undefined, from: Instant, to: Instant, watch: Watch): Witnessed {
  const { replicas, now } = watch;
  const last = presence?.sessions.at(-1);
  const since = absentSince(presence, watch);
  const open = since !== null && since < now ? [{ from: since, to: now }] : [];
  const owes = (each: SessionRecord): boolean =>
    each.from < to &&
    (each.closedAt ?? to) > from &&
    each.settledTo < Math.min(to, each.closedAt ?? to) &&
    replicas.get(each.replica)?.generation === each.life;
  return {
    pulses: (presence?.pulses ?? []).filter(({ sentAt }) => sentAt >= from && sentAt < to),
    absences: [...(presence?.absences ?? []), ...open].filter((absence) => absence.from < to && absence.to > from),
    isOwed: (presence?.sessions ?? []).some(owes),
    servedFrom: Math.max(watch.since, (last && outageTo(last, watch)) ?? 0),
  };
}

/** Until when its replica was away after this session; undefined where it lives on with it. */
function outageTo({ replica, life, writtenAt }: SessionRecord, { replicas, now }: Pick<Watch, 'replicas' | 'now'>): Instant | undefined {
  const row = replicas.get(replica);
  if (!row) return writtenAt;
  if (row.generation !== life) return row.since;
  return isAlive(row, now) ? undefined : row.until;
}

function laterOf(a: SessionRecord, b: SessionRecord): SessionRecord {
  const [first, last] = a.writtenAt <= b.writtenAt ? [a, b] : [b, a];
  return {
    ...last,
    seenAt: Math.max(a.seenAt, b.seenAt),
    settledTo: Math.max(a.settledTo, b.settledTo),
    closedAt: last.closedAt ?? first.closedAt,
  };
}

function newest({ sessions }: PresenceRow): Instant {
  return sessions.at(-1)?.writtenAt ?? 0;
}

function pulseKey({ nonce, sentAt }: PulseRecord): string {
  return `${sentAt} ${nonce}`;
}

/** The last one of each: what was told again is told better. */
function unique<T>(items: readonly T[], key: (item: T) => string | number): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

/** Of too many the shortest are forgotten, so that flapping hides no long one. */
function longest(absences: readonly Absence[]): readonly Absence[] {
  if (absences.length <= absencesKept) return absences;
  return absences.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, absencesKept);
}

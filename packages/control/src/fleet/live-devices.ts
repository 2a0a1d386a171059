// Live state of devices: sessions, last words, pulses, absences in this replica's memory, and a hint of those that are with another.
import type { DeviceId, Instant } from '@iog/protocol';
import { type Absence, type PresenceRow, type PulseRecord, type ReplicaName, type SessionRecord, blankPresence } from '@iog/core';

export interface LiveDevice {
  readonly epoch: number;
  readonly from: Instant;
  connected: boolean;
  lastSeenAt: Instant;
  rttMs: number | null;
  /** Pulses of late, oldest first; `answeredAt` null while open or missed. */
  pulses: PulseRecord[];
  /** Times of late without a session, oldest first. */
  absences: Absence[];
  closedAt: Instant | null;
  /** Earlier sessions of late in this replica. */
  readonly earlier: readonly Past[];
  /** All that it will ever say of its sessions is written down. */
  isWritten: boolean;
  /** Until when its pulses are kept for long: they are evidence of leases alone. */
  evidenceUntil: Instant;
  /** When it was last written down, and what could be told of it then. */
  wrote: { readonly at: Instant; readonly mark: string } | undefined;
}
interface Past {
  readonly epoch: number;
  readonly from: Instant;
  readonly seenAt: Instant;
  readonly closedAt: Instant;
}

/** A device as another replica wrote it down. */
export interface Elsewhere {
  readonly device: string;
  readonly epoch: number;
  readonly connected: boolean;
  readonly lastSeenAt: Instant;
  readonly rttMs: number | null;
}
export type Seen = Pick<Elsewhere, 'connected' | 'lastSeenAt' | 'rttMs'>;

export interface LiveDevices {
  /** Of a session in this replica. */
  get(device: string): LiveDevice | undefined;
  /** `absentSince`: since when it had no session anywhere, for which it is to blame. */
  opened(device: string, epoch: number, now: Instant, absentSince: Instant | null): LiveDevice;
  closed(device: string, epoch: number, now: Instant): void;
  /** In whichever replica it was last. */
  seen(device: string): Seen | undefined;
  isConnected(device: string): boolean;
  /** In any replica. */
  connected(): DeviceId[];
  /** What this replica's memory has of a device, as it is written down; undefined where it never had a session here. */
  presence(device: DeviceId, replica: ReplicaName, pulseWithinMs: number, now: Instant): PresenceRow | undefined;
  unwritten(): DeviceId[];
  written(rows: readonly PresenceRow[], replica: ReplicaName): void;
  heard(elsewhere: readonly Elsewhere[]): void;
  /** Tells of each device that may be connected, or no longer, since it was told last. */
  watch(this: void, listener: (device: string) => void): void;
  /** Lets go what is told of late about devices that left long ago, and after a day the devices. */
  forget(now: Instant): void;
}

/** Pulses are kept by their age alone: a device that opens sessions at speed pushes none of them out. Their rate is bounded where they are sent. */
const pulsesKeptMs = { leased: 600_000, idle: 60_000 } as const;
/** Absences are kept as long as pulses are; of more than this many, the shortest are forgotten, so that flapping hides no long one. */
const absencesKept = { forMs: 600_000, count: 120 } as const;
const earlierKept = 16;
/** So long its last words are shown. */
const lastWordsMs = 24 * 3_600_000;

export function liveDevices(): LiveDevices {
  const devices = new Map<string, LiveDevice>();
  let others = new Map<string, Elsewhere>();
  const listeners: ((device: string) => void)[] = [];
  const tell = (device: string): void => listeners.forEach((listener) => listener(device));
  const seen = (device: string): Seen | undefined => {
    const [own, other] = [devices.get(device), others.get(device)];
    return other && other.epoch > (own?.epoch ?? -1) ? other : own;
  };
  return {
    get: (device) => devices.get(device),
    opened(device, epoch, now, absentSince) {
      const live = begun(devices.get(device), epoch, now);
      if (absentSince !== null && absentSince < now) keepAbsence(live, { from: absentSince, to: now });
      devices.set(device, live);
      tell(device);
      return live;
    },
    closed(device, epoch, now) {
      const live = devices.get(device);
      if (live?.epoch !== epoch || !live.connected) return;
      live.connected = false;
      live.closedAt = now;
      tell(device);
    },
    seen,
    isConnected: (device) => seen(device)?.connected ?? false,
    connected: () => [...new Set([...devices.keys(), ...others.keys()])].filter((device) => seen(device)?.connected) as DeviceId[],
    presence(device, replica, pulseWithinMs, now) {
      const live = devices.get(device);
      return live && presenceOf(device, live, replica, pulseWithinMs, now);
    },
    unwritten: () => [...devices].filter(([, live]) => !live.isWritten).map(([device]) => device as DeviceId),
    written(rows, { id, generation }) {
      for (const { id: device, sessions } of rows) {
        const live = devices.get(device);
        const record = sessions.find((each) => each.replica === id && each.life === generation && each.epoch === live?.epoch);
        if (live && record) live.wrote = { at: record.writtenAt, mark: markOf(live) };
        if (live && record && record.closedAt !== null && record.settledTo >= record.closedAt) live.isWritten = true;
      }
    },
    heard(elsewhere) {
      const before = others;
      others = new Map(elsewhere.map((each) => [each.device, each]));
      for (const device of changedSince(before, others)) tell(device);
    },
    watch: (listener) => void listeners.push(listener),
    forget(now) {
      for (const [device, live] of devices) {
        const goneMs = live.closedAt === null ? 0 : now - live.closedAt;
        if (goneMs > lastWordsMs) devices.delete(device);
        else if (goneMs > absencesKept.forMs && live.pulses.length + live.absences.length + live.earlier.length > 0)
          devices.set(device, { ...live, pulses: [], absences: [], earlier: [] });
      }
    },
  };
}

function changedSince(before: ReadonlyMap<string, Elsewhere>, now: ReadonlyMap<string, Elsewhere>): string[] {
  const changed = [...before.keys()].filter((device) => !now.has(device));
  for (const [device, { epoch, connected, rttMs }] of now) {
    const then = before.get(device);
    if (then?.epoch !== epoch || then.connected !== connected || then.rttMs !== rttMs) changed.push(device);
  }
  return changed;
}

/** What the others wait for or act upon: while it is the same, nothing but its last words has changed. */
export function markOf({ epoch, closedAt, absences, pulses }: LiveDevice): string {
  return [epoch, closedAt, absences.length, pulses.findLast(({ answeredAt }) => answeredAt !== null)?.sentAt].join();
}

function presenceOf(device: DeviceId, live: LiveDevice, replica: ReplicaName, pulseWithinMs: number, now: Instant): PresenceRow {
  const isOpen = (pulse: PulseRecord): boolean => pulse.answeredAt === null && now - pulse.sentAt <= pulseWithinMs;
  const settledTo = Math.min(now, ...live.pulses.filter(isOpen).map(({ sentAt }) => sentAt));
  const shared = { replica: replica.id, life: replica.generation, writtenAt: now, settledTo };
  const last = { epoch: live.epoch, from: live.from, seenAt: live.lastSeenAt, closedAt: live.closedAt };
  const sessions: SessionRecord[] = [...live.earlier, last].map((each) => ({ ...each, ...shared }));
  return {
    ...blankPresence(device),
    sessions,
    pulses: live.pulses.filter((pulse) => !isOpen(pulse)),
    absences: live.absences,
    rttMs: live.rttMs,
  };
}

function begun(before: LiveDevice | undefined, epoch: number, now: Instant): LiveDevice {
  return {
    epoch,
    from: now,
    connected: true,
    lastSeenAt: now,
    rttMs: before?.rttMs ?? null,
    pulses: before?.pulses ?? [],
    absences: before?.absences ?? [],
    closedAt: null,
    earlier: before ? [...before.earlier, pastOf(before, now)].slice(-earlierKept) : [],
    isWritten: false,
    wrote: undefined,
    evidenceUntil: before?.evidenceUntil ?? 0,
  };
}

/** A session that another took over ended with it. */
function pastOf({ epoch, from, lastSeenAt, closedAt }: LiveDevice, now: Instant): Past {
  return { epoch, from, seenAt: lastSeenAt, closedAt: closedAt ?? now };
}

function keepAbsence(live: LiveDevice, absence: Absence): void {
  const kept = [...live.absences.filter(({ to }) => to >= absence.to - absencesKept.forMs), absence];
  if (kept.length > absencesKept.count) {
    const shortest = kept.reduce((least, each) => (each.to - each.from < least.to - least.from ? each : least));
    kept.splice(kept.indexOf(shortest), 1);
  }
  live.absences = kept;
}

/** Notes whether the device has something to run. Its pulses outlast the last lease by as long as they are kept. */
export function holdsLeases(live: LiveDevice, holds: boolean, now: Instant): void {
  live.evidenceUntil = holds ? Number.POSITIVE_INFINITY : Math.min(live.evidenceUntil, now + pulsesKeptMs.leased);
}

/** Remembers a pulse just sent. */
export function pulseSent(live: LiveDevice, nonce: string, now: Instant): void {
  const keptMs = now < live.evidenceUntil ? pulsesKeptMs.leased : pulsesKeptMs.idle;
  const old = live.pulses.findIndex(({ sentAt }) => sentAt >= now - keptMs);
  if (old !== 0) live.pulses.splice(0, old === -1 ? live.pulses.length : old);
  live.pulses.push({ nonce, sentAt: now, answeredAt: null });
}

/** Pulses whose time to be answered ended, unused, within [since, now). */
export function pulsesMissed({ pulses }: LiveDevice, withinMs: number, since: Instant, now: Instant): number {
  return pulses.filter(({ sentAt, answeredAt }) => answeredAt === null && sentAt + withinMs >= since && sentAt + withinMs < now).length;
}

/** Notes the answer to a pulse; an answer to one that is not open, or that comes too late, changes nothing. */
export function pulseAnswered(live: LiveDevice, nonce: string, withinMs: number, now: Instant): void {
  const i = live.pulses.findIndex((pulse) => pulse.nonce === nonce);
  const pulse = live.pulses[i];
  if (!pulse || pulse.answeredAt !== null || now - pulse.sentAt > withinMs) return;
  live.pulses[i] = { ...pulse, answeredAt: now };
  live.rttMs = live.rttMs === null ? now - pulse.sentAt : Math.round(live.rttMs * 0.7 + (now - pulse.sentAt) * 0.3);
}

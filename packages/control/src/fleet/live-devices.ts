// Live state of devices in this replica's memory: sessions, last words, pulses, absences. Rows hold only the epoch.
import type { Instant } from '@iog/protocol';
import type { Absence, PulseRecord } from '@iog/core';

export interface LiveDevice {
  readonly epoch: number;
  connected: boolean;
  lastSeenAt: Instant;
  rttMs: number | null;
  /** Pulses of late, oldest first; `answeredAt` null while open or missed. */
  pulses: PulseRecord[];
  /** Times of late without a session, oldest first. */
  absences: Absence[];
  /** Since when it has none; null while it is connected. */
  absentSince: Instant | null;
}

export interface LiveDevices {
  get(device: string): LiveDevice | undefined;
  opened(device: string, epoch: number, now: Instant): LiveDevice;
  closed(device: string, epoch: number, now: Instant): void;
  isConnected(device: string): boolean;
  /** Pulses sent within [from, to), and whether one of them is still open. */
  pulsesWithin(device: string, from: Instant, to: Instant, withinMs: number, now: Instant): { settled: PulseRecord[]; open: boolean };
  /** Times without a session that reach into [from, to), whole; one that goes on ends now. */
  absencesWithin(device: string, from: Instant, to: Instant, now: Instant): Absence[];
}

/** `since`: when this process began. Before it, and until `reconnectMs` later for a device that is not back yet, an absence is control's fault. */
export interface Uptime {
  readonly since: Instant;
  readonly reconnectMs: number;
}

/** Pulses kept for each device: 10 minutes of them at one each 5 s. */
const pulsesKept = 120;
/** Absences are kept as long as pulses are; of more than this many, the shortest are forgotten, so that flapping hides no long one. */
const absencesKept = { forMs: 600_000, count: 120 } as const;

export function liveDevices({ since, reconnectMs }: Uptime): LiveDevices {
  const devices = new Map<string, LiveDevice>();
  const blamedSince = since + reconnectMs;
  return {
    get: (device) => devices.get(device),
    opened(device, epoch, now) {
      const before = devices.get(device);
      const live: LiveDevice = {
        epoch,
        connected: true,
        lastSeenAt: now,
        rttMs: before?.rttMs ?? null,
        pulses: before?.pulses ?? [],
        absences: before?.absences ?? [],
        absentSince: null,
      };
      const absentSince = before ? before.absentSince : blamedSince;
      if (absentSince !== null && absentSince < now) keepAbsence(live, { from: absentSince, to: now });
      devices.set(device, live);
      return live;
    },
    closed(device, epoch, now) {
      const live = devices.get(device);
      if (live?.epoch !== epoch || !live.connected) return;
      live.connected = false;
      live.absentSince = now;
    },
    isConnected: (device) => devices.get(device)?.connected ?? false,
    pulsesWithin(device, from, to, withinMs, now) {
      const within = (devices.get(device)?.pulses ?? []).filter((pulse) => pulse.sentAt >= from && pulse.sentAt < to);
      const isOpen = (pulse: PulseRecord): boolean => pulse.answeredAt === null && now - pulse.sentAt <= withinMs;
      return { settled: within.filter((pulse) => !isOpen(pulse)), open: within.some(isOpen) };
    },
    absencesWithin(device, from, to, now) {
      const live = devices.get(device);
      const openSince = live ? live.absentSince : blamedSince;
      const absences = [...(live?.absences ?? []), ...(openSince !== null && openSince < now ? [{ from: openSince, to: now }] : [])];
      return absences.filter((absence) => absence.from < to && absence.to > from);
    },
  };
}

function keepAbsence(live: LiveDevice, absence: Absence): void {
  const kept = [...live.absences.filter(({ to }) => to >= absence.to - absencesKept.forMs), absence];
  if (kept.length > absencesKept.count) {
    const shortest = kept.reduce((least, each) => (each.to - each.from < least.to - least.from ? each : least));
    kept.splice(kept.indexOf(shortest), 1);
  }
  live.absences = kept;
}

/** Remembers a pulse just sent. */
export function pulseSent(live: LiveDevice, nonce: string, now: Instant): void {
  live.pulses.push({ nonce, sentAt: now, answeredAt: null });
  if (live.pulses.length > pulsesKept) live.pulses.shift();
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

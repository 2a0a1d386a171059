// Live state of devices in this replica's memory: sessions, last words, pulses. Rows hold only the epoch.
import type { Instant } from '@iog/protocol';
import type { PulseRecord } from '@iog/core';

export interface LiveDevice {
  readonly epoch: number;
  connected: boolean;
  lastSeenAt: Instant;
  rttMs: number | null;
  /** Pulses of late, oldest first; `answeredAt` null while open or missed. */
  pulses: PulseRecord[];
}

export interface LiveDevices {
  get(device: string): LiveDevice | undefined;
  opened(device: string, epoch: number, now: Instant): LiveDevice;
  closed(device: string, epoch: number): void;
  isConnected(device: string): boolean;
  /** Pulses sent within [from, to), and whether one of them is still open. */
  pulsesWithin(device: string, from: Instant, to: Instant, withinMs: number, now: Instant): { settled: PulseRecord[]; open: boolean };
}

/** Pulses kept for each device: 10 minutes of them at one each 5 s. */
const pulsesKept = 120;

export function liveDevices(): LiveDevices {
  const devices = new Map<string, LiveDevice>();
  return {
    get: (device) => devices.get(device),
    opened(device, epoch, now) {
      const before = devices.get(device);
      const live: LiveDevice = { epoch, connected: true, lastSeenAt: now, rttMs: before?.rttMs ?? null, pulses: before?.pulses ?? [] };
      devices.set(device, live);
      return live;
    },
    closed(device, epoch) {
      const live = devices.get(device);
      if (live?.epoch === epoch) live.connected = false;
    },
    isConnected: (device) => devices.get(device)?.connected ?? false,
    pulsesWithin(device, from, to, withinMs, now) {
      const within = (devices.get(device)?.pulses ?? []).filter((pulse) => pulse.sentAt >= from && pulse.sentAt < to);
      const isOpen = (pulse: PulseRecord): boolean => pulse.answeredAt === null && now - pulse.sentAt <= withinMs;
      return { settled: within.filter((pulse) => !isOpen(pulse)), open: within.some(isOpen) };
    },
  };
}

/** Remembers a pulse just sent. */
export function pulseSent(live: LiveDevice, nonce: string, now: Instant): void {
  live.pulses.push({ nonce, sentAt: now, answeredAt: null });
  if (live.pulses.length > pulsesKept) live.pulses.shift();
}

/** Notes the answer to a pulse; an answer to one that is not open, or that comes too late, changes nothing. */
export function pulseAnswered(live: LiveDevice, nonce: string, withinMs: number, now: Instant): void {
  const i = live.pulses.findIndex((pulse) => pulse.nonce === nonce);
  const pulse = live.pulses[i];
  if (!pulse || pulse.answeredAt !== null || now - pulse.sentAt > withinMs) return;
  live.pulses[i] = { ...pulse, answeredAt: now };
  live.rttMs = live.rttMs === null ? now - pulse.sentAt : Math.round(live.rttMs * 0.7 + (now - pulse.sentAt) * 0.3);
}

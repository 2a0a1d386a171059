// An open session: its beginning with the welcome, its pulses, what it must run, and its end.
import { type DeviceId, type Rejection, isKnownIn } from '@iog/protocol';
import type { DeviceRow } from '@iog/core';
import type { Clock, ControlPorts } from '../ports.ts';
import { sessionLimits } from '../limits.ts';
import type { Allowance, Allowances } from './allowances.ts';
import { assignmentsOf } from './assignments.ts';
import type { CapacityDemands } from './capacity.ts';
import { type DeviceLink, send } from './device-link.ts';
import { end as refuse } from './goodbye.ts';
import { type LiveDevice, holdsLeases, pulseSent, pulsesMissed } from './live-devices.ts';
import { pulseNonce } from './pulse-nonce.ts';
import { every } from './timing.ts';

/** What all sessions of a hub share. */
export interface Room {
  readonly ports: ControlPorts;
  readonly pulseSecret: Uint8Array;
  /** By device. */
  readonly sessions: Map<string, Session>;
  readonly capacity: CapacityDemands;
  readonly allowances: Allowances;
  readonly timers: Pick<Clock, 'after'>;
  /** Told while a device is in a session. */
  readonly present: (device: DeviceId) => void;
  isStopping: boolean;
}

export interface Session {
  readonly link: DeviceLink;
  readonly device: DeviceId;
  readonly publicKey: string;
  readonly epoch: number;
  /** Of the link, as agreed in the welcome. */
  readonly version: number;
  readonly live: LiveDevice;
  readonly allowance: Allowance;
  /** Messages of one session are handled one after the other. */
  queue: Promise<void>;
  queued: number;
  /** The assignments that it was sent last, as text. */
  sent: string;
  /** The beat of an idle device that changed nothing: until then, one that says the same is only a sign of life. */
  idle: { readonly text: string; readonly until: number } | undefined;
  /** Counts what was changed for the device: a beat that was being looked at meanwhile says nothing of later ones. */
  woken: number;
  stop: () => void;
}

export type Opened = { readonly device: DeviceRow; readonly absentSince: number | null };

/** It is told why, so that it does not come back at once; a link that is dead does not hear it, and is cut. */
export function end({ timers }: Pick<Room, 'timers'>, link: DeviceLink, rejection: Rejection): void {
  refuse(link, rejection);
  timers.after(sessionLimits.farewellMs, () => link.terminate());
}

/** Undefined where a later session of the device is open already. */
export function begin(room: Room, link: DeviceLink, { device, absentSince }: Opened, version: number): Session | undefined {
  const { ports, sessions, capacity } = room;
  const before = sessions.get(device.id);
  // Two that greet at once: the one whose epoch was written later stays, whichever hears of it first.
  if (before && before.epoch > device.epoch) {
    end(room, link, { code: 'session.displaced', context: {} });
    return undefined;
  }
  before?.stop();
  if (before) end(room, before.link, { code: 'session.displaced', context: {} });
  // A demand that went to the session before will not be answered in this one.
  capacity.forget(device.id);
  const { session: times, evidence } = ports.policy;
  const live = ports.live.opened(device.id, device.epoch, ports.clock.now(), absentSince);
  if (device.live.length > 0) holdsLeases(live, true, ports.clock.now());
  const session: Session = {
    link,
    device: device.id,
    publicKey: device.publicKey,
    epoch: device.epoch,
    version,
    live,
    allowance: room.allowances.of(device.id),
    queue: Promise.resolve(),
    queued: 0,
    sent: '',
    idle: undefined,
    woken: 0,
    stop: () => undefined,
  };
  sessions.set(device.id, session);
  send(link, {
    type: 'welcome',
    epoch: device.epoch,
    version,
    beatEveryMs: times.beatEveryMs,
    sampleEveryMs: evidence.sampleEveryMs,
    lostAfterMs: times.lostAfterMs,
    policy: ports.policyHash,
  });
  ports.meter.count('sessions_opened', {});
  ports.log({ level: 'info', event: 'session.opened', device: device.id, epoch: device.epoch, version });
  session.stop = watchOver(room, session);
  void pushAssignments(room, device.id);
  return session;
}

/** Pulses, and a look at whether it still gives signs of life. */
function watchOver({ ports, timers, capacity, pulseSecret, present }: Room, { link, live, device }: Session): () => void {
  const { session: times } = ports.policy;
  let looked = ports.clock.now();
  const pulse = (): void => {
    const now = ports.clock.now();
    // Also over many short sessions there are no more of them than this: a flood would hide one that was missed.
    if (now - (live.pulses.at(-1)?.sentAt ?? 0) < times.pulseEveryMs / 2) return;
    ports.meter.count('pulses_missed', {}, pulsesMissed(live, times.pulseWithinMs, looked, now));
    ports.meter.count('pulses_sent', {});
    looked = now;
    const fresh = pulseNonce(pulseSecret, device, now);
    pulseSent(live, fresh, now);
    send(link, { type: 'pulse', nonce: fresh, withinMs: times.pulseWithinMs });
  };
  const watch = (): void => {
    if (ports.clock.now() - live.lastSeenAt > times.silentAfterMs) return link.terminate();
    present(device);
    return void capacity.consider(device, (demand) => send(link, demand));
  };
  const stops = [every(timers, times.pulseEveryMs, pulse), every(timers, times.beatEveryMs, watch)];
  pulse();
  watch();
  return () => stops.forEach((stop) => stop());
}

/** Tells a device that is in a session here what it must be running now. */
export async function pushAssignments({ ports, sessions, capacity }: Room, device: string, trace?: string): Promise<void> {
  const session = sessions.get(device);
  if (!session) return;
  session.woken += 1;
  session.idle = undefined;
  capacity.changed(device);
  try {
    const assignments = (await assignmentsOf(ports, [session.device])).get(session.device) ?? [];
    session.sent = JSON.stringify(assignments);
    holdsLeases(session.live, assignments.length > 0, ports.clock.now());
    if (trace !== undefined && isKnownIn(session.version, 'trace')) send(session.link, { type: 'trace', request: trace });
    send(session.link, { type: 'assignments', epoch: session.epoch, assignments });
    if (trace !== undefined) ports.log({ level: 'info', event: 'assignments.sent', device, request: trace, leases: assignments.length });
  } catch (error) {
    ports.log({ level: 'error', event: 'assignments.failed', device, error: String(error) });
  }
}

/** Its link is gone. */
export function closed({ ports, sessions, capacity }: Room, session: Session): void {
  session.stop();
  if (sessions.get(session.device) !== session) return;
  capacity.forget(session.device);
  sessions.delete(session.device);
  ports.live.closed(session.device, session.epoch, ports.clock.now());
  ports.log({ level: 'info', event: 'session.closed', device: session.device, epoch: session.epoch });
}

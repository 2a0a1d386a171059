// Sessions of devices: challenge, hello, welcome; then assignments, pulses and demands out, and beats and evidence in.
import { type DeviceId, type Rejection, type ToControl, agreedVersion, isKnownIn, linkVersions } from '@iog/protocol';
import { type DeviceRow, openSession } from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';
import { type DeviceLink, send } from './device-link.ts';
import { closeAll, end as refuse, goodbye } from './goodbye.ts';
import { type LiveDevice, pulseAnswered, pulseSent, pulsesMissed } from './live-devices.ts';
import { pulseNonce } from './pulse-nonce.ts';
import { readMessage } from './read-message.ts';
import { assignmentsOf } from './assignments.ts';
import { checkHello } from './hello.ts';
import { capacityDemands } from './capacity.ts';
import { lookAtRows } from './look.ts';
import { observeBeat } from './observe.ts';
import { takeEvidence } from '../timelock/evidence.ts';
import { every, within } from './timing.ts';
import { stopLimits } from '../limits.ts';
import { takeSealed } from '../cluster/sealed-for.ts';
import { noteOpening } from '../replica/presence.ts';

export interface SessionHub {
  accept(link: DeviceLink): void;
  /** Ends a device's session, with the reason told. */
  drop(device: string, rejection: Rejection): void;
  /** Sessions that are open, and messages of theirs that wait. */
  load(): { readonly sessions: number; readonly queued: number };
  /** Looks at the rows of all devices in a session: what another replica changed is told to them, who has gone there is let go. */
  look(removed: (device: string, rejection: Rejection) => void): Promise<void>;
  /** Takes in the messages that have come, says goodbye, and resolves once every link is closed. */
  stop(): Promise<void>;
}

interface Session {
  readonly link: DeviceLink;
  readonly device: DeviceId;
  readonly publicKey: string;
  readonly epoch: number;
  /** Of the link, as agreed in the welcome. */
  readonly version: number;
  readonly live: LiveDevice;
  /** Messages of one session are handled one after the other. */
  queue: Promise<void>;
  queued: number;
  /** The assignments that it was sent last, as text. */
  sent: string;
  readonly stop: () => void;
}

type Opened = { readonly device: DeviceRow; readonly absentSince: number | null };
const helloWithinMs = 10_000;
/** How long a link that was refused may take to close, before it is cut. */
const farewellMs = 1_000;
const queueMax = 256;

export function sessionHub(ports: ControlPorts, pulseSecret: Uint8Array): SessionHub {
  const sessions = new Map<string, Session>();
  const links = new Set<DeviceLink>();
  const capacity = capacityDemands(ports);
  let stopping = false;
  const offDevice = ports.signals.on('device', (device, trace) => void pushAssignments(device, trace));

  function accept(link: DeviceLink): void {
    if (stopping) return link.terminate();
    const nonce = Buffer.from(ports.random(32)).toString('hex');
    let session: Session | undefined;
    let greeting = false;
    const late = ports.clock.after(helloWithinMs, () => link.terminate());
    links.add(link);
    const hear = (text: string): void => {
      const message = readMessage(text);
      if (!message) return end(link, { code: 'link.malformed', context: { detail: 'it fits no message of this link' } });
      if (session) return enqueue(session, message);
      if (message.type !== 'hello' || greeting)
        return end(link, { code: 'link.malformed', context: { detail: 'a hello must come first, once' } });
      greeting = true;
      void greet(link, nonce, message).then((opened) => {
        late.cancel();
        session = opened;
        if (opened && !link.isOpen()) closed(opened);
      });
    };
    link.listen({
      text: hear,
      closed: () => {
        late.cancel();
        links.delete(link);
        if (session) closed(session);
      },
    });
    send(link, { type: 'challenge', nonce, network: ports.key.publicKey, ...linkVersions });
  }

  async function greet(link: DeviceLink, nonce: string, hello: Extract<ToControl, { type: 'hello' }>): Promise<Session | undefined> {
    const version = agreedVersion(hello);
    if (version === undefined) {
      end(link, {
        code: 'link.version',
        context: { has: `${hello.min} to ${hello.max}`, needs: `${linkVersions.min} to ${linkVersions.max}` },
      });
      return undefined;
    }
    try {
      const opened = await change<Opened | Rejection>(ports, async (read) => {
        const device = await read.one('device', hello.device);
        const rejection = checkHello(device, hello, nonce, ports.key.publicKey);
        if (rejection || !device) return { writes: [], value: rejection ?? { code: 'device.unknown', context: { device: hello.device } } };
        const next = openSession(device);
        if (!next.ok) return { writes: [], value: next.rejection };
        const { absentSince, rows } = await noteOpening(ports, read, next.value);
        return { writes: [...next.rows, ...rows], value: { device: next.value, absentSince } };
      });
      if ('code' in opened) {
        end(link, opened);
        return undefined;
      }
      return begin(link, opened, version);
    } catch (error) {
      ports.log({ level: 'error', event: 'session.failed', device: hello.device, error: String(error) });
      link.terminate();
      return undefined;
    }
  }

  function begin(link: DeviceLink, { device, absentSince }: Opened, version: number): Session | undefined {
    const before = sessions.get(device.id);
    // Two that greet at once: the one whose epoch was written later stays, whichever hears of it first.
    if (before && before.epoch > device.epoch) {
      end(link, { code: 'session.displaced', context: {} });
      return undefined;
    }
    displace(before);
    // A demand that went to the session before will not be answered in this one.
    capacity.forget(device.id);
    const { session: times, evidence } = ports.policy;
    const live = ports.live.opened(device.id, device.epoch, ports.clock.now(), absentSince);
    let looked = ports.clock.now();
    const pulse = (): void => {
      const now = ports.clock.now();
      // Also over many short sessions there are no more of them than this: a flood would hide one that was missed.
      if (now - (live.pulses.at(-1)?.sentAt ?? 0) < times.pulseEveryMs / 2) return;
      ports.meter.count('pulses_missed', {}, pulsesMissed(live, times.pulseWithinMs, looked, now));
      ports.meter.count('pulses_sent', {});
      looked = now;
      const fresh = pulseNonce(pulseSecret, device.id, now);
      pulseSent(live, fresh, now);
      send(link, { type: 'pulse', nonce: fresh, withinMs: times.pulseWithinMs });
    };
    const watch = (): void => {
      if (ports.clock.now() - live.lastSeenAt > times.silentAfterMs) link.terminate();
      else void capacity.consider(device.id, (demand) => send(link, demand));
    };
    const stops = [every(ports.clock, times.pulseEveryMs, pulse), every(ports.clock, times.beatEveryMs, watch)];
    const session: Session = {
      link,
      device: device.id,
      publicKey: device.publicKey,
      epoch: device.epoch,
      version,
      live,
      queue: Promise.resolve(),
      queued: 0,
      sent: '',
      stop: () => stops.forEach((stop) => stop()),
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
    pulse();
    watch();
    void pushAssignments(device.id);
    return session;
  }

  /** It is told why, so that it does not come back at once; a link that is dead does not hear it, and is cut. */
  function end(link: DeviceLink, rejection: Rejection): void {
    refuse(link, rejection);
    ports.clock.after(farewellMs, () => link.terminate());
  }

  function displace(before: Session | undefined): void {
    if (before === undefined) return;
    before.stop();
    end(before.link, { code: 'session.displaced', context: {} });
  }

  function enqueue(session: Session, message: ToControl): void {
    const arrivedAt = ports.clock.now();
    session.live.lastSeenAt = arrivedAt;
    // What is timed is taken as it arrives: the queue's delay is ours, not the device's.
    if (message.type === 'pulse-answer') return pulseAnswered(session.live, message.nonce, ports.policy.session.pulseWithinMs, arrivedAt);
    if (message.type === 'capacity-answer') {
      if (sessions.get(session.device) === session) capacity.answered(session.device, message.id, message.digests, arrivedAt);
      return undefined;
    }
    // A worker sends again what is not acknowledged.
    if (stopping) return undefined;
    if (session.queued >= queueMax) {
      ports.meter.count('session_queue_full', {});
      return session.link.terminate();
    }
    session.queued += 1;
    session.queue = session.queue
      .then(() => handle(session, message))
      .catch((error: unknown) => {
        ports.log({
          level: 'error',
          event: 'session.message-failed',
          device: session.device,
          type: message.type,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
        session.link.terminate();
      })
      .finally(() => session.queued--);
  }

  async function handle(session: Session, message: ToControl): Promise<void> {
    // An older session of this device changes nothing any more.
    if (sessions.get(session.device) !== session) return;
    if ('epoch' in message && message.epoch !== session.epoch) return;
    switch (message.type) {
      case 'beat':
        ports.meter.count('beats', {});
        return observeBeat(ports, session.device, session.epoch, message.observed);
      case 'evidence': {
        ports.meter.count('evidence_samples', {}, message.snapshots.length);
        const upTo = await takeEvidence(ports, pulseSecret, session, message.lease, message.snapshots);
        if (upTo) send(session.link, { type: 'acknowledged', lease: message.lease, ...upTo });
        return undefined;
      }
      case 'sealed-for':
        return takeSealed(ports, session.device, message);
      case 'hello':
        return end(session.link, { code: 'link.malformed', context: { detail: 'a second hello' } });
      case 'pulse-answer':
      case 'capacity-answer':
        return undefined;
      default:
        return message satisfies never;
    }
  }

  async function pushAssignments(device: string, trace?: string): Promise<void> {
    const session = sessions.get(device);
    if (!session) return;
    try {
      const assignments = (await assignmentsOf(ports, [session.device])).get(session.device) ?? [];
      session.sent = JSON.stringify(assignments);
      if (trace !== undefined && isKnownIn(session.version, 'trace')) send(session.link, { type: 'trace', request: trace });
      send(session.link, { type: 'assignments', epoch: session.epoch, assignments });
      if (trace !== undefined) ports.log({ level: 'info', event: 'assignments.sent', device, request: trace, leases: assignments.length });
    } catch (error) {
      ports.log({ level: 'error', event: 'assignments.failed', device, error: String(error) });
    }
  }

  function closed(session: Session): void {
    session.stop();
    if (sessions.get(session.device) !== session) return;
    capacity.forget(session.device);
    sessions.delete(session.device);
    ports.live.closed(session.device, session.epoch, ports.clock.now());
    ports.log({ level: 'info', event: 'session.closed', device: session.device, epoch: session.epoch });
  }

  return {
    accept,
    drop(device, rejection) {
      const session = sessions.get(device);
      if (session) end(session.link, rejection);
    },
    load: () => ({ sessions: sessions.size, queued: [...sessions.values()].reduce((sum, { queued }) => sum + queued, 0) }),
    look: (removed) =>
      lookAtRows(ports, [...sessions.values()], {
        moved: ({ link }) => link.terminate(),
        ended: ({ device }, why) => removed(device, why),
        changed: ({ device }) => void pushAssignments(device),
      }),
    async stop() {
      offDevice();
      stopping = true;
      for (const session of sessions.values()) session.stop();
      await within(ports.clock, stopLimits.sessionsMs, Promise.all([...sessions.values()].map(({ queue }) => queue)));
      for (const session of sessions.values()) goodbye(session.link, session.version);
      await closeAll(links, ports.clock);
    },
  };
}

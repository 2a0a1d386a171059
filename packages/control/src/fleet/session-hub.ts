// Sessions of devices: challenge, hello, welcome; then assignments, pulses and demands out, and beats and evidence in.
import type { WebSocket } from 'ws';
import { Compile } from 'typebox/compile';
import { type DeviceId, type Rejection, type ToControl, type ToWorker, ToControlSchema, linkVersions, problemOf } from '@iog/protocol';
import { type DeviceRow, openSession } from '@iog/core';
import { canonical, verify } from '@iog/seal';
import { type ControlPorts, change } from '../ports.ts';
import { type LiveDevice, pulseAnswered, pulseSent } from './live-devices.ts';
import { pulseNonce } from './pulse-nonce.ts';
import { assignmentsOf } from './assignments.ts';
import { capacityDemands } from './capacity.ts';
import { observeBeat } from './observe.ts';
import { takeEvidence } from '../timelock/evidence.ts';
import { takeSealed } from '../cluster/sealed-for.ts';

export interface SessionHub {
  accept(ws: WebSocket): void;
  /** Ends a device's session, with the reason told. */
  drop(device: string, rejection: Rejection): void;
  stop(): void;
}

interface Session {
  readonly ws: WebSocket;
  readonly device: DeviceId;
  readonly publicKey: string;
  readonly epoch: number;
  readonly live: LiveDevice;
  /** Messages of one session are handled one after the other. */
  queue: Promise<void>;
  queued: number;
  readonly stop: () => void;
}

const helloWithinMs = 10_000;
const queueMax = 256;

export function sessionHub(ports: ControlPorts, pulseSecret: Uint8Array): SessionHub {
  const sessions = new Map<string, Session>();
  const sockets = new Set<WebSocket>();
  const checkMessage = Compile(ToControlSchema);
  const capacity = capacityDemands(ports);
  const offDevice = ports.signals.on('device', (device) => void pushAssignments(device));

  function parse(data: unknown): ToControl | undefined {
    try {
      const message: unknown = JSON.parse(String(data));
      return checkMessage.Check(message) ? message : undefined;
    } catch {
      return undefined;
    }
  }

  function accept(ws: WebSocket): void {
    const nonce = Buffer.from(ports.random(32)).toString('hex');
    let session: Session | undefined;
    let greeting = false;
    const late = setTimeout(() => ws.terminate(), helloWithinMs);
    sockets.add(ws);
    ws.on('error', () => ws.terminate());
    ws.on('close', () => {
      clearTimeout(late);
      sockets.delete(ws);
      if (session) closed(session);
    });
    ws.on('message', (data) => {
      const message = parse(data);
      if (!message) return end(ws, { code: 'link.malformed', context: { detail: 'it fits no message of this link' } });
      if (session) return enqueue(session, message);
      if (message.type !== 'hello' || greeting)
        return end(ws, { code: 'link.malformed', context: { detail: 'a hello must come first, once' } });
      greeting = true;
      void greet(ws, nonce, message).then((opened) => {
        clearTimeout(late);
        session = opened;
        if (opened && ws.readyState !== ws.OPEN) closed(opened);
      });
    });
    send(ws, { type: 'challenge', nonce, network: ports.key.publicKey, ...linkVersions });
  }

  async function greet(ws: WebSocket, nonce: string, hello: Extract<ToControl, { type: 'hello' }>): Promise<Session | undefined> {
    const version = Math.min(hello.max, linkVersions.max);
    if (version < hello.min || version < linkVersions.min) {
      end(ws, {
        code: 'link.version',
        context: { has: `${hello.min} to ${hello.max}`, needs: `${linkVersions.min} to ${linkVersions.max}` },
      });
      return undefined;
    }
    try {
      const opened = await change<DeviceRow | Rejection>(ports, async (read) => {
        const device = await read.one('device', hello.device);
        const rejection = checkHello(device, hello, nonce, ports.key.publicKey);
        if (rejection || !device) return { writes: [], value: rejection ?? { code: 'device.unknown', context: { device: hello.device } } };
        const next = openSession(device);
        return next.ok ? { writes: next.rows, value: next.value } : { writes: [], value: next.rejection };
      });
      if ('code' in opened) {
        end(ws, opened);
        return undefined;
      }
      return begin(ws, opened, version);
    } catch (error) {
      ports.log({ level: 'error', event: 'session.failed', device: hello.device, error: String(error) });
      ws.terminate();
      return undefined;
    }
  }

  function begin(ws: WebSocket, device: DeviceRow, version: number): Session {
    sessions.get(device.id)?.ws.terminate();
    // A demand that went to the session before will not be answered in this one.
    capacity.forget(device.id);
    const { session: times, evidence } = ports.policy;
    const live = ports.live.opened(device.id, device.epoch, ports.clock.now());
    const pulse = (): void => {
      const now = ports.clock.now();
      const fresh = pulseNonce(pulseSecret, device.id, now);
      pulseSent(live, fresh, now);
      send(ws, { type: 'pulse', nonce: fresh, withinMs: times.pulseWithinMs });
    };
    const watch = (): void => {
      if (ports.clock.now() - live.lastSeenAt > times.silentAfterMs) ws.terminate();
      else void capacity.consider(device.id, (demand) => send(ws, demand));
    };
    const timers = [setInterval(pulse, times.pulseEveryMs), setInterval(watch, times.beatEveryMs)];
    const session: Session = {
      ws,
      device: device.id,
      publicKey: device.publicKey,
      epoch: device.epoch,
      live,
      queue: Promise.resolve(),
      queued: 0,
      stop: () => timers.forEach(clearInterval),
    };
    sessions.set(device.id, session);
    send(ws, {
      type: 'welcome',
      epoch: device.epoch,
      version,
      beatEveryMs: times.beatEveryMs,
      sampleEveryMs: evidence.sampleEveryMs,
      lostAfterMs: times.lostAfterMs,
      policy: ports.policyHash,
    });
    ports.log({ level: 'info', event: 'session.opened', device: device.id, epoch: device.epoch });
    pulse();
    watch();
    void pushAssignments(device.id);
    return session;
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
    if (++session.queued > queueMax) return session.ws.terminate();
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
        session.ws.terminate();
      })
      .finally(() => session.queued--);
  }

  async function handle(session: Session, message: ToControl): Promise<void> {
    // An older session of this device changes nothing any more.
    if (sessions.get(session.device) !== session) return;
    if ('epoch' in message && message.epoch !== session.epoch) return;
    switch (message.type) {
      case 'beat':
        return observeBeat(ports, session.device, session.epoch, message.observed);
      case 'evidence': {
        const upTo = await takeEvidence(ports, pulseSecret, session, message.lease, message.snapshots);
        if (upTo) send(session.ws, { type: 'acknowledged', lease: message.lease, ...upTo });
        return undefined;
      }
      case 'sealed-for':
        return takeSealed(ports, session.device, message);
      case 'hello':
        return end(session.ws, { code: 'link.malformed', context: { detail: 'a second hello' } });
      case 'pulse-answer':
      case 'capacity-answer':
        return undefined;
      default:
        return message satisfies never;
    }
  }

  async function pushAssignments(device: string): Promise<void> {
    const session = sessions.get(device);
    if (!session) return;
    try {
      const assignments = await assignmentsOf(ports, session.device);
      send(session.ws, { type: 'assignments', epoch: session.epoch, assignments });
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
      if (session) end(session.ws, rejection);
    },
    stop() {
      offDevice();
      for (const session of sessions.values()) session.stop();
      // Also those that have not said hello: the server closes only when the last socket has.
      for (const ws of sockets) ws.terminate();
    },
  };
}

function checkHello(
  device: DeviceRow | undefined,
  hello: Extract<ToControl, { type: 'hello' }>,
  nonce: string,
  network: string,
): Rejection | undefined {
  if (!device) return { code: 'device.unknown', context: { device: hello.device } };
  const signed = canonical({ nonce, network, device: hello.device, bootId: hello.bootId });
  if (!verify(device.publicKey, 'hello', signed, hello.signature)) return { code: 'device.signature', context: {} };
  if (device.state === 'removed') return { code: 'device.removed', context: { device: device.id } };
  return undefined;
}

function send(ws: WebSocket, message: ToWorker): void {
  if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message));
}

function end(ws: WebSocket, rejection: Rejection): void {
  send(ws, { type: 'refused', code: rejection.code, detail: problemOf(rejection).detail });
  ws.close(4000, rejection.code);
}

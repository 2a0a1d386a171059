// From a link to a session: the challenge, the hello that answers it, and the commit of the next epoch, as many at once as the gate lets in.
import { type Rejection, type ToControl, agreedVersion, linkVersions } from '@iog/protocol';
import { type DeviceRow, openSession } from '@iog/core';
import { change } from '../ports.ts';
import { sessionLimits } from '../limits.ts';
import { noteOpening } from '../replica/presence.ts';
import { type DeviceLink, send } from './device-link.ts';
import { comeBack } from './goodbye.ts';
import { checkHello } from './hello.ts';
import type { HelloGate } from './hello-gate.ts';
import { readMessage } from './read-message.ts';
import { type Opened, type Room, type Session, begin, closed, end } from './session.ts';
import { takeMessage } from './take-message.ts';

type Hello = Extract<ToControl, { type: 'hello' }>;

/** `links` are those that are open; `gate` lets hellos in; `leave` gives back the place of a link that is no session yet. */
export function greet(room: Room, gate: HelloGate, links: Set<DeviceLink>, link: DeviceLink, leave: () => void): void {
  const { ports, timers } = room;
  const nonce = Buffer.from(ports.random(32)).toString('hex');
  let session: Session | undefined;
  let isGreeting = false;
  const late = timers.after(sessionLimits.helloWithinMs, () => link.terminate());
  links.add(link);
  const hear = (text: string): void => {
    if (session) return takeMessage(room, session, text);
    const message = isGreeting ? undefined : readMessage(text);
    if (message?.type !== 'hello') {
      const detail = message || isGreeting ? 'a hello must come first, once' : 'it fits no message of this link';
      return end(room, link, { code: 'link.malformed', context: { detail } });
    }
    isGreeting = true;
    // Who waits for its turn has said what it had to.
    late.cancel();
    void open(room, gate, link, nonce, message).then((opened) => {
      session = opened;
      if (opened) leave();
      if (opened && !link.isOpen()) closed(room, opened);
    });
  };
  link.listen({
    text: hear,
    closed: () => {
      late.cancel();
      leave();
      links.delete(link);
      if (session) closed(room, session);
    },
  });
  send(link, { type: 'challenge', nonce, network: ports.key.publicKey, ...linkVersions });
}

async function open(room: Room, gate: HelloGate, link: DeviceLink, nonce: string, hello: Hello): Promise<Session | undefined> {
  const { ports } = room;
  const version = agreedVersion(hello);
  if (version === undefined) {
    const context = { has: `${hello.min} to ${hello.max}`, needs: `${linkVersions.min} to ${linkVersions.max}` };
    end(room, link, { code: 'link.version', context });
    return undefined;
  }
  try {
    const isLeased = gate.isFull() && (await holdsLease(room, nonce, hello));
    const entered = await gate.enter(isLeased, ports.clock.now(), () => decide(room, link, nonce, hello));
    const found = 'done' in entered ? entered.done : entered;
    if (found === undefined) return undefined;
    if ('device' in found) return begin(room, link, found, version);
    if ('code' in found) end(room, link, found);
    else {
      ports.meter.count('hellos_put_off', {});
      comeBack(link, version, found.comeBackInMs);
      room.timers.after(sessionLimits.farewellMs, () => link.terminate());
    }
    return undefined;
  } catch (error) {
    ports.log({ level: 'error', event: 'session.failed', device: hello.device, error: String(error) });
    link.terminate();
    return undefined;
  }
}

/** Signed, too: ids of devices are known, and whoever says one must not take the place of those that are rented. */
async function holdsLease({ ports }: Room, nonce: string, hello: Hello): Promise<boolean> {
  const [found] = await ports.store.load([{ kind: 'device', id: hello.device }]);
  const device = found?.row as DeviceRow | undefined;
  return device !== undefined && device.live.length > 0 && checkHello(device, hello, nonce, ports.key.publicKey) === undefined;
}

/** Undefined where the link is gone meanwhile. Only a device that has proved itself uses up what it may open. */
async function decide(
  { ports, allowances }: Room,
  link: DeviceLink,
  nonce: string,
  hello: Hello,
): Promise<Opened | Rejection | { readonly comeBackInMs: number } | undefined> {
  if (!link.isOpen()) return undefined;
  let isAllowed = false;
  return change<Opened | Rejection | { readonly comeBackInMs: number }>(ports, async (read) => {
    const device = await read.one('device', hello.device);
    const rejection = checkHello(device, hello, nonce, ports.key.publicKey);
    if (rejection || !device) return { writes: [], value: rejection ?? { code: 'device.unknown', context: { device: hello.device } } };
    const comeBackInMs = isAllowed ? 0 : allowances.of(device.id).open(ports.clock.now());
    if (comeBackInMs > 0) return { writes: [], value: { comeBackInMs } };
    isAllowed = true;
    const next = openSession(device);
    if (!next.ok) return { writes: [], value: next.rejection };
    const { absentSince, rows } = await noteOpening(ports, read, next.value);
    return { writes: [...next.rows, ...rows], value: { device: next.value, absentSince } };
  });
}

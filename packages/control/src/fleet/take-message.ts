// What a device says in its session: what is timed is taken at once, the rest in order, each within what the device may say.
import type { ToControl } from '@iog/protocol';
import { sessionLimits } from '../limits.ts';
import { takeSealed } from '../cluster/sealed-for.ts';
import { takeEvidence } from '../timelock/evidence.ts';
import { send } from './device-link.ts';
import { pulseAnswered } from './live-devices.ts';
import { observeBeat } from './observe.ts';
import { readMessage } from './read-message.ts';
import { type Room, type Session, end } from './session.ts';

/** In beats: so long an idle device's unchanged beat is no more than a sign of life; the next is looked at again. */
const idleBeats = 4.5;
const idleTextMost = 256;

export function takeMessage(room: Room, session: Session, text: string): void {
  const { ports } = room;
  const arrivedAt = ports.clock.now();
  // What comes behind its last word.
  if (!session.link.isOpen()) return undefined;
  if (!session.allowance.message(text.length, arrivedAt)) return flooded(room, session);
  session.live.lastSeenAt = arrivedAt;
  // The commonest message of all, and the cheapest: neither read nor looked up.
  if (session.idle?.text === text && arrivedAt < session.idle.until) return ports.meter.count('beats', {});
  const message = readMessage(text);
  if (!message) return end(room, session.link, { code: 'link.malformed', context: { detail: 'it fits no message of this link' } });
  // What is timed is taken as it arrives: the queue's delay is ours, not the device's.
  if (message.type === 'pulse-answer') return pulseAnswered(session.live, message.nonce, ports.policy.session.pulseWithinMs, arrivedAt);
  if (message.type === 'capacity-answer') {
    if (room.sessions.get(session.device) === session) room.capacity.answered(session.device, message.id, message.digests, arrivedAt);
    return undefined;
  }
  // A worker sends again what is not acknowledged.
  if (room.isStopping) return undefined;
  if (session.queued >= sessionLimits.queued) {
    ports.meter.count('session_queue_full', {});
    return flooded(room, session);
  }
  session.queued += 1;
  session.queue = session.queue
    .then(() => handle(room, session, message, text))
    .catch((error: unknown) => {
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      ports.log({ level: 'error', event: 'session.message-failed', device: session.device, type: message.type, error: told });
      session.link.terminate();
    })
    .finally(() => session.queued--);
}

function flooded(room: Room, { link, device }: Session): void {
  room.ports.meter.count('session_flooded', {});
  room.ports.log({ level: 'warn', event: 'session.flooded', device });
  end(room, link, { code: 'session.flooded', context: { perSecond: sessionLimits.messages.perSecond } });
}

async function handle(room: Room, session: Session, message: ToControl, text: string): Promise<void> {
  const { ports, pulseSecret } = room;
  // An older session of this device changes nothing any more.
  if (room.sessions.get(session.device) !== session) return;
  if ('epoch' in message && message.epoch !== session.epoch) return;
  switch (message.type) {
    case 'beat': {
      ports.meter.count('beats', {});
      const { woken } = session;
      await observeBeat(ports, session.device, session.epoch, message.observed);
      const isIdle = message.observed.length === 0 && text.length <= idleTextMost && woken === session.woken;
      session.idle = isIdle ? { text, until: ports.clock.now() + idleBeats * ports.policy.session.beatEveryMs } : undefined;
      return undefined;
    }
    case 'evidence': {
      ports.meter.count('evidence_samples', {}, message.snapshots.length);
      const upTo = await takeEvidence(ports, pulseSecret, session, message.lease, message.snapshots);
      if (upTo) send(session.link, { type: 'acknowledged', lease: message.lease, ...upTo });
      return undefined;
    }
    case 'sealed-for':
      return takeSealed(ports, session.device, message);
    case 'hello':
      return end(room, session.link, { code: 'link.malformed', context: { detail: 'a second hello' } });
    case 'pulse-answer':
    case 'capacity-answer':
      return undefined;
    default:
      return message satisfies never;
  }
}

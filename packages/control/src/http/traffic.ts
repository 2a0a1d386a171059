// Who may come in now: nobody once control ends, and under too much work first those without whom everything that lives goes on.
import type { ServerResponse } from 'node:http';
import { type Rejection, type RouteName, routes } from '@iog/protocol';
import { type Bearable, type Urgency, leastUnderWayWhenLate, retryAfterS, shedLimits, stopLimits } from '../limits.ts';
import { heldRefusals } from './held-refusals.ts';
import type { Meter } from '../metrics/meter.ts';

/** What is not named is usual. Sessions, and with them beats, pulses and evidence, are not requests: none is ever shed. */
const urgencies: Partial<Record<RouteName, Urgency>> = {
  'network.show': 'life',
  'cluster.show': 'life',
  'cluster.end': 'life',
  // Without it a cluster that lives ends.
  'cluster.extend': 'life',
  'cluster.events': 'life',
  'job.show': 'life',
  'job.stop': 'life',
  'device.blob': 'life',
  'device.log': 'life',
  'key.revoke': 'life',
  'member.remove': 'life',
  'invitation.revoke': 'life',
  'device.drain': 'life',
  'cluster.create': 'creation',
  'job.submit': 'creation',
  'faucet.draw': 'creation',
  'account.create': 'creation',
  'enrolment.create': 'creation',
  'blob.put': 'creation',
  'quote.create': 'quote',
};

export interface Refusal {
  readonly rejection: Rejection;
  readonly retryAfterS: number;
}

export interface Traffic {
  /** Why this request must come later; undefined where it may come in. */
  refusal(route: RouteName): Refusal | undefined;
  /** Resolves when a refusal may be sent. */
  held(this: void): Promise<void>;
  /** Counts and times an admitted request until its answer has ended. */
  begin(route: RouteName, response: ServerResponse): void;
  /** Not counting streams. */
  underWay(): number;
  isStopping(this: void): boolean;
  /** Nobody comes in from now on; streams end. */
  close(): void;
}

/** What the limits are held against, at this moment. */
export interface Strain {
  lagMs(): number;
  commitsWaiting(): number;
}

export function traffic(meter: Meter, strain: Strain): Traffic {
  const held = heldRefusals();
  const streams = new Set<ServerResponse>();
  let underWay = 0;
  let sheddable = 0;
  let stopping = false;
  return {
    refusal(route) {
      if (stopping) return { rejection: { code: 'control.stopping', context: {} }, retryAfterS: stopLimits.retryAfterS };
      const urgency = urgencyOf(route);
      if (urgency === 'life') return undefined;
      const found = { lagMs: strain.lagMs(), commitsWaiting: strain.commitsWaiting(), underWay: sheddable };
      const over = overloadOf(found, shedLimits[urgency]);
      if (over < 1) return undefined;
      const seconds = Math.min(retryAfterS.most, Math.max(retryAfterS.least, Math.ceil(over)));
      return { rejection: { code: 'control.busy', context: { seconds } }, retryAfterS: seconds };
    },
    held: held.wait,
    begin(route, response) {
      if (routes[route].method === 'GET' && 'form' in routes[route] && routes[route].form === 'events') {
        streams.add(response);
        response.once('close', () => streams.delete(response));
        return;
      }
      const startedMs = performance.now();
      // An upload takes as long as its caller likes, and has a limit of its own: counted here, a few slow ones would keep all others out.
      const sheds = urgencyOf(route) !== 'life' && route !== 'blob.put';
      underWay += 1;
      if (sheds) sheddable += 1;
      // Comes once, also where the caller has gone before the answer.
      response.once('close', () => {
        underWay -= 1;
        if (sheds) sheddable -= 1;
        const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'cut';
        meter.time('request', { route, status }, performance.now() - startedMs);
      });
    },
    underWay: () => underWay,
    isStopping: () => stopping,
    close() {
      stopping = true;
      held.release();
      for (const stream of streams) stream.end();
    },
  };
}

export function urgencyOf(route: RouteName): Urgency {
  return urgencies[route] ?? 'usual';
}

/** How far the worst of the figures is past its limit: 1 is at it. */
function overloadOf(found: Bearable, limit: Bearable): number {
  const late = found.underWay < leastUnderWayWhenLate ? 0 : found.lagMs / limit.lagMs;
  return Math.max(late, found.commitsWaiting / limit.commitsWaiting, found.underWay / limit.underWay);
}

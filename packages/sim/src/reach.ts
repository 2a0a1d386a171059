// What a run can reach at all: states, steps, ends, verdicts, errors and kinds of faults; and what none of them ever did.
import { clusterStates, deviceStates, endReasons, errors, jobStates, leaseStates, nodeSteps } from '@iog/protocol';
import type { Counts } from './coverage.ts';
import { faultKinds } from './faults/plan.ts';

/** Why these are not reached: what is below HTTP and WebSocket, or is not simulated, does not happen here. */
const outOfReach: Readonly<Record<string, string>> = {
  'error request.too-large': 'the HTTP edge refuses it',
  'error request.rate-limited': 'nobody here asks that often',
  'error route.unknown': 'the HTTP edge refuses it',
  'error idempotency.missing': 'people here send a key with everything',
  'error key.missing': 'people here have a key',
  'error key.expired': 'keys here do not expire',
  'error blob.too-large': 'logs here are short',
  'error blob.quota': 'logs here are short',
  'error blob.uploads': 'the HTTP edge refuses it',
  'error enrolment.full': 'few devices wait here',
  'error blob.unknown': 'jobs here have no package',
  'error faucet.closed': 'the policy has a faucet',
  'error policy.runtime': 'every device has the runtime that the policy wants',
  'error lease.stale': 'the worker alone says it, in its log',
  'error session.stale': 'nobody answers with it: an old session is ignored',
  'error device.signature': 'devices here sign with their own key',
  'error link.version': 'all speak one version',
  'error link.malformed': 'said on the link, not answered to a request',
  'error member.full': 'nobody invites that many',
  'error invitation.full': 'nobody invites that many',
  'error control.bug': 'the court stops the run',
  'error control.busy': 'the HTTP edge refuses it',
  'error control.stopping': 'the HTTP edge refuses it',
  'error cluster.full': 'nobody submits that many jobs',
  'error device.unknown': 'said on the link, not answered to a request',
  'error session.displaced': 'said on the link, not answered to a request',
  'error token.unknown': 'hosts here are approved by a person',
  'error token.closed': 'hosts here are approved by a person',
  'error token.used': 'hosts here are approved by a person',
  'error session.flooded': 'said on the link, not answered to a request',
  'error device.state': 'a device here belongs to one account',
  'error quote.empty': 'the API says which filter emptied a quote; the command makes an error of it',
  'error enrolment.expired': 'codes here are approved at once',
  'error cursor.foreign': 'people here pass cursors on as they were given',
  'error connection.full': 'the HTTP edge refuses it',
  'error method.unknown': 'the HTTP edge refuses it',
  'error request.headers-too-large': 'the HTTP edge refuses it',
  'minute violated': 'no ground for it in timelock/v1',
};

function states(kind: string, all: readonly string[]): string[] {
  return all.map((state) => `${kind} ${state}`);
}

/** Everything that ought to be reached. */
function reachable(): string[] {
  return [
    ...states('cluster', clusterStates),
    ...states('lease', leaseStates),
    ...states('job', jobStates),
    ...states('device', deviceStates),
    ...states(
      'step',
      nodeSteps.filter((step) => step !== 'joining'),
    ),
    ...states('end of cluster', endReasons),
    'cluster extended',
    'lease over in time',
    ...states('minute', ['proven', 'unproven', 'violated']),
    ...states('entry', ['faucet', 'hold', 'accrual', 'refund']),
    ...states('error', Object.keys(errors)),
    ...states('fault', faultKinds),
    ...['lost', 'doubled', 'delayed', 'cut'].map((kind) => `fault message ${kind}`),
    ...['refused', 'reply-lost', 'full'].map((kind) => `fault store ${kind}`),
  ].filter((name) => outOfReach[name] === undefined);
}

/** What of it these counts never saw. */
export function neverReached(counts: Counts): string[] {
  const seen = new Set(Object.keys(counts).map((name) => name.replace(/ \S+ > /, ' ')));
  return reachable().filter((name) => !seen.has(name));
}

/** How many faults of each kind were injected, and in all. */
export function faultsOf(counts: Counts): { readonly kinds: readonly [string, number][]; readonly all: number } {
  const kinds = Object.entries(counts).flatMap(([name, count]): [string, number][] =>
    name.startsWith('fault ') ? [[name.slice(6), count]] : [],
  );
  return { kinds: kinds.toSorted((a, b) => b[1] - a[1]), all: kinds.reduce((sum, [, count]) => sum + count, 0) };
}

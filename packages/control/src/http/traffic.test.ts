// Under too much work quotes are refused first, then creations, then the rest; what lives never is. A passing peak refuses nobody.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type RouteName, routes } from '@iog/protocol';
import { silentMeter } from '../metrics/meter.ts';
import { retryAfterS, shedLimits } from '../limits.ts';
import { traffic, urgencyOf } from './traffic.ts';
import { watchLag } from './lag-watch.ts';

const names = Object.keys(routes) as RouteName[];
const response = (): ServerResponse =>
  Object.assign(new EventEmitter(), { statusCode: 200, writableFinished: true }) as unknown as ServerResponse;

function crowded(underWay: number, strain: { lagMs?: number; commitsWaiting?: number } = {}) {
  const crowd = traffic(silentMeter, { lagMs: () => strain.lagMs ?? 0, commitsWaiting: () => strain.commitsWaiting ?? 0 });
  const open = Array.from({ length: underWay }, () => {
    const each = response();
    crowd.begin('offer.list', each);
    return each;
  });
  const refused = () => new Set(names.filter((name) => crowd.refusal(name)).map(urgencyOf));
  return { crowd, open, refused };
}

test('what is shed first, next, last, and never', () => {
  const order = ['quote', 'creation', 'usual'] as const;
  for (const [i, urgency] of order.entries()) {
    const limit = shedLimits[urgency];
    const expected = new Set(order.slice(0, i + 1));
    assert.deepEqual(crowded(limit.underWay).refused(), expected);
    assert.deepEqual(crowded(0, { commitsWaiting: limit.commitsWaiting }).refused(), expected);
    assert.deepEqual(crowded(4, { lagMs: limit.lagMs }).refused(), expected);
  }
  assert.deepEqual(crowded(100_000, { lagMs: 1e6, commitsWaiting: 1e6 }).refused(), new Set(order));
  assert.deepEqual(crowded(3, { lagMs: 1e6 }).refused(), new Set(), 'a slow host with hardly a request is no overload');
});

test('Retry-After says how far the limit is passed, within bounds; what has ended makes room', () => {
  const { crowd, open } = crowded(shedLimits.quote.underWay * 3);
  assert.equal(crowd.refusal('quote.create')?.retryAfterS, 3);
  assert.equal(crowded(100_000).crowd.refusal('quote.create')?.retryAfterS, retryAfterS.most);
  for (const each of open) each.emit('close');
  assert.equal(crowd.underWay(), 0);
  assert.equal(crowd.refusal('quote.create'), undefined);
});

test('once closed nobody comes in, and streams end', () => {
  const { crowd } = crowded(0);
  let ended = false;
  const stream = Object.assign(response(), { end: () => (ended = true) }) as unknown as ServerResponse;
  crowd.begin('cluster.events', stream);
  assert.equal(crowd.underWay(), 0);
  crowd.close();
  assert.ok(ended && crowd.isStopping());
  assert.ok(names.every((name) => crowd.refusal(name)?.rejection.code === 'control.stopping'));
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('lateness counts while it stands, and a single late turn does not', async (t) => {
  const lag = watchLag();
  t.after(() => lag.stop());
  const until = performance.now() + 5_000;
  while (lag.lagMs() < 30 && performance.now() < until) {
    block(80);
    await turn();
  }
  assert.ok(lag.lagMs() >= 30, `${lag.lagMs()} ms`);
  while (lag.lagMs() > 10 && performance.now() < until) await turn();
  assert.ok(lag.lagMs() <= 10);
});

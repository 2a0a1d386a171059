// What an operator is told: that control lives, whether it can serve and what not, and figures of what really happened; from elsewhere only with the right key.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { admittedFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { startRig, until } from '../test/rig.ts';
import { testPorts } from '../test/ports.ts';
import { prometheusMeter } from '../metrics/prometheus.ts';
import { silentMeter } from '../metrics/meter.ts';
import { StoreFault } from '../store/store.ts';
import { desk } from './answer.ts';
import { httpServer } from './server.ts';
import { openPlaces } from './open-places.ts';
import { serveOperator } from './operator.ts';
import { traffic } from './traffic.ts';

test('metrics tell what happened, and no label is an id', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  t.after(() => device.close());
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  await rig.call('GET', '/v1/clusters/nonsense');
  await until('evidence', async () => /^iog_evidence_samples_total [1-9]/m.test(await (await fetch(`${rig.url}/metrics`)).text()));
  const text = await (await fetch(`${rig.url}/metrics`)).text();
  for (const line of [
    /^iog_request_seconds_count\{route="cluster.create",status="2xx"\} 1$/m,
    /^iog_request_seconds_bucket\{le="10",route="quote.create",status="2xx"\} 1$/m,
    /^iog_rejections_total\{code="request.malformed"\} 1$/m,
    /^iog_entries_total\{kind="faucet"\} 1$/m,
    /^iog_entries_total\{kind="hold"\} 1$/m,
    /^iog_commit_seconds_count\{outcome="ok"\} [1-9]/m,
    /^iog_commits_waiting \d/m,
    /^iog_sessions 1$/m,
    /^iog_sessions_opened_total 1$/m,
    /^iog_beats_total [1-9]/m,
    /^iog_pulses_sent_total [1-9]/m,
    /^iog_loop_step_seconds_count\{loop="cluster"\} [1-9]/m,
    /^iog_loop_lag_seconds_count\{loop="minute"\} [1-9]/m,
    /^iog_event_loop_late_seconds /m,
    /^iog_clusters\{state="\w+"\} 1$/m,
    /^iog_leases\{state="\w+"\} 1$/m,
    /^nodejs_eventloop_lag_seconds /m,
  ])
    assert.match(text, line);
  assert.ok(!/(dev|clu|lea|acc|key|req|job)_[0-9a-z]{12}/.test(text));
  assert.ok(!text.includes(cluster.id));
});

test('metrics are for this machine, and elsewhere for an admin of the first account alone', async (t) => {
  const rig = await startRig(t);
  const [reader, other] = [await rig.key({ scopes: ['read'] }), await rig.account('other')];
  const ask = async (headers: Record<string, string>) => (await fetch(`${rig.url}/metrics`, { headers })).status;
  const forwarded = { 'x-forwarded-for': '203.0.113.9' };
  assert.equal(await ask({}), 200);
  const { port } = new URL(rig.url);
  const named = (host: string) =>
    new Promise((resolve) => {
      const asked = http.get(`${rig.url}/metrics`, { headers: { host } }, (response) => resolve(response.resume().statusCode));
      asked.on('error', resolve);
    });
  for (const host of [`localhost:${port}`, '127.0.0.1', `[::1]:${port}`]) assert.equal(await named(host), 200);
  for (const host of [`rebound.example:${port}`, 'localhost.example', '127.0.0.1.example']) assert.equal(await named(host), 401);
  assert.equal(await ask(forwarded), 401);
  assert.equal(await ask({ ...forwarded, authorization: `Bearer ${reader.secret}` }), 403);
  assert.equal(await ask({ ...forwarded, authorization: `Bearer ${other.secret}` }), 403);
  assert.equal(await ask({ ...forwarded, authorization: `Bearer ${rig.secret}` }), 200);
});

test('control is ready when its store answers and its loops go on; else it says what not', async (t) => {
  const { ports, pass } = testPorts(t);
  const startedAt = ports.clock.now();
  let steppedAt = startedAt;
  let stopping = false;
  let store: Pick<typeof ports.store, 'load'> = ports.store;
  const seen = { ...ports, store: { ...ports.store, load: (keys: never) => store.load(keys) } };
  const crowd = traffic(silentMeter, { lagMs: () => 0, commitsWaiting: () => 0 });
  const counter = desk(seen, {} as never);
  const app = httpServer(seen, counter, () => () => undefined, crowd, openPlaces());
  t.after(() => app.close());
  const loops = () => [{ name: 'minute', everyMs: 1_000, steppedAt: () => steppedAt }];
  serveOperator(app, seen, { meter: prometheusMeter(), access: counter.access, loops, isStopping: () => stopping });
  const ready = async () => {
    const { statusCode, body } = await app.inject('/readyz');
    return [statusCode, ...(JSON.parse(body) as { lacks: string[] }).lacks];
  };
  assert.deepEqual(await ready(), [200]);
  assert.equal((await app.inject('/healthz')).statusCode, 200);
  pass(40_000);
  assert.deepEqual(await ready(), [503, 'the loop minute has not ended a step for 40 s']);
  steppedAt = ports.clock.now();
  store = { load: () => Promise.reject(new StoreFault('store.io', 'the disk /secret/place is gone')) };
  pass(1_000);
  assert.deepEqual(await ready(), [503, 'the store does not answer: store.io']);
  store = ports.store;
  pass(1_000);
  stopping = true;
  assert.deepEqual(await ready(), [503, 'control is ending']);
  assert.equal((await app.inject('/healthz')).statusCode, 200);
});

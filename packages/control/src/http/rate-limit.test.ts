// Limits of how often: what is told fits what is done, memory is bounded, and over HTTP an account, an address and a quote each have their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { WebSocket } from 'ws';
import { admittedFake } from '../test/fake-device.ts';
import { quickPolicy, startRig } from '../test/rig.ts';
import { networkOf, rateLimit, rateLimitHeaders } from './rate-limit.ts';

test('law: in any minute at most twice the quota gets through, who waits as told gets in, and what is left is there', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), gaps, (quota, waits) => {
      let now = 0;
      const limit = rateLimit('x', quota, () => now);
      const through: number[] = [];
      for (const gap of waits) {
        now += gap;
        const { left, waitS, resetS } = limit.take('a');
        assert.ok(left >= 0 && left < quota && resetS >= 0 && resetS <= 60);
        if (waitS === 0) through.push(now);
        else {
          now += waitS * 1_000;
          assert.equal(limit.take('a').waitS, 0, 'who waits as told gets in');
          through.push(now);
        }
        assert.ok(through.filter((at) => at > now - 60_000).length <= 2 * quota);
      }
    }),
  );
});

test('callers that were silent longest are forgotten', () => {
  const limit = rateLimit('x', 1, () => 0);
  limit.take('first');
  assert.ok(limit.take('first').waitS > 0);
  for (let i = 0; i < 10_001; i++) limit.take(`c${i}`);
  assert.equal(limit.take('first').waitS, 0);
});

test('the addresses of one IPv6 network count as one', () => {
  assert.equal(networkOf('127.0.0.1'), '127.0.0.1');
  assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('2001:db8:0001:2::9'), '2001:db8:1:2::/64');
  assert.equal(networkOf('2001:0DB8:1:2:ffff::'), '2001:db8:1:2::/64');
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('headers are lists of structured fields', () => {
  const allowances = [
    { name: 'address', quota: 9, left: 8, resetS: 7, waitS: 0 },
    { name: 'account', quota: 2, left: 0, resetS: 60, waitS: 30 },
  ];
  assert.deepEqual(rateLimitHeaders(allowances), {
    'ratelimit-policy': '"address";q=9;w=60, "account";q=2;w=60',
    ratelimit: '"address";r=8;t=7, "account";r=0;t=60',
  });
  assert.deepEqual(rateLimitHeaders([]), {});
});

test('every answer tells the limits; those of quotes and creations are lower, and one of an account counts all of its keys', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, quotesPerMinute: 2, createsPerMinute: 3 } });
  await admittedFake(rig);
  const shown = await rig.call('GET', '/v1/account');
  assert.match(shown.headers.get('ratelimit') ?? '', /^"address";r=\d+;t=\d+, "account";r=29\d\d;t=\d+$/);
  assert.equal(shown.headers.get('ratelimit-policy'), '"address";q=30000;w=60, "account";q=3000;w=60');
  const unknown = await rig.call('GET', '/v1/account', undefined, { key: makeApiSecret(randomBytes(32)) });
  assert.match(unknown.headers.get('ratelimit') ?? '', /^"address";r=\d+;t=\d+, "stranger";r=\d+;t=\d+$/);
  const nowhere = await rig.call('GET', '/v1/nothing');
  assert.match(nowhere.headers.get('ratelimit') ?? '', /^"address";r=\d+;t=\d+$/);

  const second = await rig.key();
  const demand = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 600_000 };
  const quotes = [rig.secret, second.secret, rig.secret].map((key) => () => rig.call('POST', '/v1/quotes', demand, { key }));
  const said = [];
  for (const quote of quotes) said.push(await quote());
  assert.deepEqual(
    said.map(({ status }) => status),
    [200, 200, 429],
  );
  assert.match(said[2]?.headers.get('ratelimit') ?? '', /"quotes";r=0;t=\d+$/);
  assert.deepEqual(said[2]?.body.context, { limit: 'quotes', quota: 2, seconds: Number(said[2]?.headers.get('retry-after')) });
  assert.equal((await rig.call('GET', '/v1/account')).status, 200);
  const other = await rig.account('other');
  assert.equal((await rig.call('POST', '/v1/quotes', demand, { key: other.secret })).status, 200);
  for (let i = 0; i < 2; i++) await rig.call('POST', '/v1/keys', { name: 'k', hash: hashApiSecret(String(i)), scopes: ['read'] });
  assert.equal(
    (await rig.call('POST', '/v1/keys', { name: 'k', hash: hashApiSecret('9'), scopes: ['read'] })).body.code,
    'request.rate-limited',
  );
});

test('an address has a limit of its own, of whatever it asks; behind a proxy it is the one that the proxy names', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, addressRequestsPerMinute: 5 } });
  const asked = async (path: string, forwarded: string) =>
    (await rig.call('GET', path, undefined, { headers: { 'x-forwarded-for': forwarded } })).status;
  const said = [];
  for (const path of ['/v1/nothing', '/v1/account', '/v1/network', '/v1/nothing', '/v1/account', '/v1/network', '/v1/nothing'])
    said.push(await asked(path, `10.0.0.${said.length}`));
  assert.deepEqual(said, [404, 200, 200, 404, 200, 429, 429]);
  const upgrade = (to: string) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${rig.url.replace('http', 'ws')}${to}`, { headers: { authorization: `Bearer ${rig.secret}` } });
      socket.once('unexpected-response', (_request, { statusCode, headers }) => resolve([statusCode, Number(headers['retry-after']) > 0]));
      socket.once('open', () => (resolve('open'), socket.close()));
    });
  assert.deepEqual([await upgrade('/v1/tunnel'), await upgrade('/v1/link')], [[429, true], 'open']);
  const proxied = await startRig(t, { limits: { ...quickPolicy.limits, addressRequestsPerMinute: 1 } }, { behindProxy: true });
  const from = async (forwarded: string) =>
    (await proxied.call('GET', '/v1/network', undefined, { headers: { 'x-forwarded-for': forwarded } })).status;
  assert.deepEqual(
    [await from('10.0.0.1'), await from('10.0.0.1'), await from('6.6.6.6, 10.0.0.2'), await from('7.7.7.7, 10.0.0.2')],
    [200, 429, 200, 429],
  );
});

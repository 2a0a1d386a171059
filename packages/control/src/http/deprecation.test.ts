// A route that is on its way out says so on each of its answers, and stays as long as docs/api.md promises.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, errorsOf, openApi, routes } from '@iog/protocol';
import { startRig } from '../test/rig.ts';
import { deprecationHeaders } from './deprecation.ts';

test('a route that is on its way out says since when, until when, and what to use instead', () => {
  const since = Date.UTC(2030, 0, 1);
  const old: Route = { ...routes['account.show'], deprecated: { since, sunset: Date.UTC(2030, 6, 1), instead: 'balance.show' } };
  assert.deepEqual(deprecationHeaders(old), {
    deprecation: '@1893456000',
    sunset: 'Mon, 01 Jul 2030 00:00:00 GMT',
    link: '</v1/balance>; rel="successor-version"',
  });
  assert.deepEqual(deprecationHeaders(routes['account.show']), {});
  assert.deepEqual(errorsOf(old), errorsOf(routes['account.show']));
});

test('a route that stays less than half a year after it was deprecated breaks its promise', () => {
  const halfAYearMs = 180 * 24 * 3_600_000;
  for (const [name, { deprecated }] of Object.entries(routes) as [string, Route][])
    if (deprecated) assert.ok(deprecated.sunset - deprecated.since >= halfAYearMs, name);
});

test('a deprecated route of the table says so on every answer, refusals too, and in the OpenAPI document', async (t) => {
  const route = routes['account.show'] as Route as { deprecated?: Route['deprecated'] };
  route.deprecated = { since: Date.UTC(2030, 0, 1), sunset: Date.UTC(2031, 0, 1) };
  t.after(() => delete route.deprecated);
  const rig = await startRig(t);
  for (const key of [rig.secret, null]) {
    const { headers } = await rig.call('GET', '/v1/account', undefined, { key });
    assert.deepEqual([headers.get('deprecation'), headers.get('sunset')], ['@1893456000', 'Wed, 01 Jan 2031 00:00:00 GMT']);
  }
  assert.equal((await rig.call('GET', '/v1/balance')).headers.get('deprecation'), null);
  const { paths } = JSON.parse(JSON.stringify(openApi())) as {
    paths: Record<string, Record<string, { deprecated?: boolean; responses: object }>>;
  };
  const operation = paths['/v1/account']?.['get'];
  assert.equal(operation?.deprecated, true);
  assert.match(JSON.stringify(operation?.responses), /headers\/Sunset/);
});

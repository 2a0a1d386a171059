// A route that is on its way out says so on each of its answers, and stays as long as docs/api.md promises.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Route, errorsOf, routes } from '@iog/protocol';
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

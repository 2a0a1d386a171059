// The examples of the OpenAPI document, sent as they stand to a real control: each gets an answer that its route documents (the rig asks that of
// every answer), and each that names nothing made before is done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, type Route, type RouteName, exampleOf, routes } from '@iog/protocol';
import { type CallOptions, startRig } from '../test/rig.ts';

/** What examples alone cannot do: what they name is not there, or not signed by whoever they say. */
const refused: Partial<Record<RouteName, ErrorCode>> = {
  'enrolment.create': 'enrolment.invalid',
  'device.join': 'enrolment.invalid',
  'token.create': 'request.refused',
  'enrolment.show': 'enrolment.unknown',
  'device.approve': 'enrolment.unknown',
  'cluster.create': 'quote.altered',
  'key.create': 'request.refused',
  'invitation.create': 'request.refused',
  'invitation.accept': 'invitation.unknown',
};

test('the example of each route is answered as documented', async (t) => {
  const rig = await startRig(t);
  const done: string[] = [];
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    if (route.form !== undefined || route.access === 'device') continue;
    const params = (route.params ? exampleOf(route.params) : {}) as Readonly<Record<string, string | number>>;
    const path = route.path.replace(/:(\w+)/g, (_, param: string) => String(params[param]));
    const query = new URLSearchParams((route.query ? exampleOf(route.query) : {}) as Record<string, string>).toString();
    const options: CallOptions = route.access === 'open' ? { key: null } : {};
    const { status, body } = await rig.call(
      route.method,
      query === '' ? path : `${path}?${query}`,
      route.body && exampleOf(route.body),
      options,
    );
    const isOfSomething = Object.keys(params).length > 0;
    if (status === 200) done.push(name);
    else if (refused[name] !== undefined) assert.equal(body.code, refused[name], name);
    else assert.ok(isOfSomething, `${name}: ${body.code} ${body.detail}`);
  }
  assert.ok(done.length >= 15, done.join(', '));
});

// Every route of the table against every kind of bad request: each is refused with its error, and no row is written but activity.
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Route, type RouteName, type Scope, exampleOf, needsIdempotencyKey, routes, scopes } from '@iog/protocol';
import { makeApiSecret, randomBytes } from '@iog/seal';
import { compileRoutes } from './validate.ts';
import { readRows } from '../store/read-rows.ts';
import { admittedFake, deviceKeys, enrolmentOf } from '../test/fake-device.ts';
import { fund, quoteOf, secretsFor } from '../test/renting.ts';
import { type CallOptions, type Rig, quickPolicy, startRig, until } from '../test/rig.ts';

const table = Object.entries(routes) as [RouteName, Route][];
/** The address of a route with these instead of its examples. */
function urlOf(route: Route, changes: Readonly<Record<string, string>> = {}): string {
  const all = { ...(route.params ? (exampleOf(route.params) as Record<string, string | number>) : {}), ...changes };
  return route.path.replace(/:(\w+)/g, (_, name: string) => String(all[name]));
}

test('no route takes a body of another shape, and none writes anything of it', async (t) => {
  const { rig, bodies, unwritten } = await scene(t);
  const asked = table.filter(([, { body }]) => body);
  for (const [name, route] of asked) {
    const good = bodies[name] ?? {};
    assert.deepEqual(compileRoutes().get(name)?.body(good), { ok: true, value: good }, `the sample of ${name} is good`);
    for (const [wrong, body] of Object.entries(wrongBodies(route, good))) {
      const { status, body: problem } = await ask(rig, route, urlOf(route), body);
      assert.deepEqual([status, problem.code], [400, 'request.malformed'], `${name}: ${wrong}: ${JSON.stringify(problem)}`);
      assert.match(problem.detail, /body/, `${name}: ${wrong}`);
    }
  }
  await unwritten();
});

test('no route takes a query or an address of another shape', async (t) => {
  const { rig, bodies, unwritten } = await scene(t);
  for (const [name, route] of table.filter(([, { access }]) => access !== 'device')) {
    const url = urlOf(route);
    const wrong = [`${url}?colour=red`];
    if (route.query && 'limit' in fieldsOf(route.query)) wrong.push(`${url}?limit=0`, `${url}?limit=many`);
    for (const [, param = ''] of route.path.matchAll(/:(\w+)/g)) wrong.push(urlOf(route, { [param]: 'nonsense' }));
    for (const each of wrong) {
      const { status, body } = await ask(rig, route, each, bodies[name]);
      assert.deepEqual([status, body.code], [400, 'request.malformed'], `${name}: ${each}: ${JSON.stringify(body)}`);
    }
  }
  await unwritten();
});

test('no route lets in who has no key, an unknown one, or one of all other scopes', async (t) => {
  const { rig, bodies, keyWithout, unwritten } = await scene(t);
  for (const [name, route] of table) {
    if (route.access === 'open') continue;
    const said = async (key: string | null): Promise<string> => {
      const { status, body } = await ask(rig, route, urlOf(route), bodies[name], { key });
      return `${status} ${body.code}`;
    };
    if (route.access === 'device') {
      for (const key of [null, rig.secret]) assert.equal(await said(key), '401 device.signature', name);
      continue;
    }
    assert.equal(await said(null), '401 key.missing', name);
    assert.equal(await said(makeApiSecret(randomBytes(32))), '401 key.unknown', name);
    assert.equal(await said(keyWithout[route.access]), '403 key.scope', name);
  }
  await unwritten();
});

test('no route that changes something goes on without an Idempotency-Key, or with one that is none', async (t) => {
  const { rig, bodies, unwritten } = await scene(t);
  const keyed = table.filter(([, route]) => needsIdempotencyKey(route));
  const posts = table.filter(([, { method, access }]) => method === 'POST' && access !== 'open').map(([name]) => name);
  assert.deepEqual(
    posts.filter((name) => !keyed.some(([other]) => other === name)),
    ['quote.create'],
    'all others take one',
  );
  for (const [name, route] of keyed) {
    for (const idempotencyKey of [null, 'short', 'x'.repeat(129)]) {
      const { status, body } = await ask(rig, route, urlOf(route), bodies[name], { idempotencyKey });
      assert.deepEqual([status, body.code], [400, 'idempotency.missing'], name);
    }
  }
  await unwritten();
});

function wrongBodies(route: Route, good: object): Record<string, unknown> {
  const [first] = Object.keys(fieldsOf(route.body));
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const text = JSON.stringify(good);
  const beside = text === '{}' ? '{' : `${text.slice(0, -1)},`;
  return {
    'an unknown field': { ...good, colour: 'red' },
    'an array': '[]',
    'its own body in an array': `[${text}]`,
    'a text': '"text"',
    'a number': '1',
    null: 'null',
    'a deep array': `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    'a deep unknown field': `${beside}"colour":${deep}}`,
    ...(first === undefined
      ? {}
      : { 'a wrong type': { ...good, [first]: { not: 'this' } }, 'a deep field': `${beside}"${first}":${deep}}` }),
  };
}

function fieldsOf(schema: unknown): Readonly<Record<string, unknown>> {
  return (schema as { properties?: Record<string, unknown> } | undefined)?.properties ?? {};
}

function ask(rig: Rig, { form, method }: Route, url: string, body: unknown, options: CallOptions = {}) {
  const headers = { 'content-type': 'application/octet-stream' };
  return rig.call(method, url, form === 'bytes-in' ? 'bytes' : body, form === 'bytes-in' ? { headers, ...options } : options);
}

interface Scene {
  readonly rig: Rig;
  /** A body that the route would take, for every route that takes one: its example, where none is better. */
  readonly bodies: Partial<Record<RouteName, object>>;
  readonly keyWithout: Readonly<Record<Scope, string>>;
  /** Fails where a row is another than when the scene was made. */
  unwritten(this: void): Promise<void>;
}

async function scene(t: TestContext): Promise<Scene> {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, requestsPerMinute: 100_000 } });
  const device = await admittedFake(rig);
  await fund(rig);
  const quote = await quoteOf(rig);
  device.close();
  await until('the device to be away', async () => !(await device.view()).connected, 30_000);
  const secrets: [Scope, string][] = [];
  for (const scope of scopes) secrets.push([scope, (await rig.key({ scopes: scopes.filter((each) => each !== scope) })).secret]);
  const key = { name: 'made', hash: 'a'.repeat(64), scopes: ['read'] };
  const [prices, recipient] = [quickPolicy.defaultPrices, device.keys.recipient];
  const bodies: Scene['bodies'] = {
    'account.create': { name: 'other', key },
    'account.recipient': { recipient },
    'key.create': key,
    'member.role': { role: 'viewer' },
    'member.remove': {},
    'invitation.create': { hash: 'b'.repeat(64), role: 'viewer', expiresAt: Date.now() + 60_000 },
    'invitation.revoke': {},
    'invitation.accept': { secret: `iog_${'A'.repeat(43)}`, name: 'bob', key: { name: 'made', hash: 'c'.repeat(64) } },
    'enrolment.create': enrolmentOf(await deviceKeys()),
    'device.join': { enrolment: enrolmentOf(await deviceKeys()), secret: `iog_${'A'.repeat(43)}` },
    'token.create': { name: 'rack', hash: 'd'.repeat(64), most: 3, expiresAt: Date.now() + 60_000 },
    'token.revoke': {},
    'device.approve': { code: 'AAAA-2222' },
    'device.region': { region: 'home' },
    'device.price': prices,
    'price.set': prices,
    'quote.create': quote.demand,
    'cluster.create': { name: 'train', quote, secrets: secretsFor(quote, recipient) },
    'job.submit': { name: 'job', sealedEntrypoint: 'c2VhbGVk' },
    'faucet.draw': { amountMicro: '1' },
  };
  const rows = async (): Promise<string[]> => {
    const found = await readRows({ kind: 'sqlite', path: path.join(rig.dir, 'control.sqlite') });
    // The rows of control itself go on with time.
    const lasting = found.filter(({ kind }) => !['activity', 'clock', 'replica', 'shard', 'presence', 'price'].includes(kind));
    return lasting.map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)));
  };
  const before = await rows();
  assert.ok(before.length > 0);
  return {
    rig,
    bodies: { ...Object.fromEntries(table.flatMap(([name, { body }]) => (body ? [[name, exampleOf(body)]] : []))), ...bodies },
    keyWithout: Object.fromEntries(secrets) as Record<Scope, string>,
    async unwritten() {
      assert.deepEqual(await rows(), before);
      assert.deepEqual(
        rig.lines.filter(({ level }) => level === 'error'),
        [],
      );
    },
  };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityView, Balance, KeyView } from '@iog/protocol';
import { makeApiSecret, randomBytes } from '@iog/seal';
import { quickPolicy, startRig } from '../test/rig.ts';

test('who may not come in is told why, and every answer carries its request', async (t) => {
  const rig = await startRig(t);
  const ask = async (key: string | null, method = 'GET', route = '/v1/account', body?: unknown) => {
    const { status, body: problem, headers } = await rig.call(method, route, body, { key });
    assert.equal(headers.get('x-request-id'), problem.request);
    return `${status} ${problem.code}`;
  };
  assert.equal(await ask(null), '401 key.missing');
  assert.equal(await ask('no secret at all'), '401 key.unknown');
  assert.equal(await ask(makeApiSecret(randomBytes(32))), '401 key.unknown');
  const reader = await rig.key({ scopes: ['read'] });
  assert.equal(await ask(reader.secret, 'POST', '/v1/faucet', { amountMicro: '1' }), '403 key.scope');
  const brief = await rig.key({ expiresAt: Date.now() + 300 });
  assert.equal((await rig.call('GET', '/v1/account', undefined, { key: brief.secret })).status, 200);
  while (Date.now() <= (brief.view.expiresAt ?? 0)) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await ask(brief.secret), '401 key.expired');
  const gone = await rig.key();
  assert.equal((await rig.call('POST', `/v1/keys/${gone.view.id}/revoke`)).status, 200);
  assert.equal(await ask(gone.secret), '401 key.revoked');
  const { body } = await rig.call<{ items: KeyView[] }>('GET', '/v1/keys');
  assert.equal(body.items.length, 4);
});

test('what does not fit the route is refused before anything sees it', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, requestBytes: 2_000 } });
  const faucet = async (body: unknown, headers: Record<string, string> = {}, idempotencyKey?: string | null) => {
    const options = idempotencyKey === undefined ? { headers } : { headers, idempotencyKey };
    const { status, body: problem } = await rig.call('POST', '/v1/faucet', body, options);
    return [`${status} ${problem.code}`, problem.detail] as const;
  };
  assert.equal((await faucet('{"amountMicro":'))[0], '400 request.malformed');
  assert.match((await faucet('{"amountMicro":'))[1], /not JSON/);
  assert.match((await faucet({ amountMicro: '1', extra: true }))[1], /body\.extra is not a field/);
  assert.equal((await faucet({ amountMicro: 1 }))[0], '400 request.malformed');
  assert.equal((await faucet({ amountMicro: '0' }))[0], '409 request.refused');
  assert.equal((await faucet({ amountMicro: '-5' }))[0], '400 request.malformed');
  assert.equal((await faucet([]))[0], '400 request.malformed');
  assert.match((await faucet('a=b', { 'content-type': 'application/x-www-form-urlencoded' }))[1], /content type/);
  assert.match((await faucet('{"amountMicro":"1"}', { 'content-type': 'application/octet-stream' }))[1], /body/);
  const large = await faucet({ amountMicro: '1'.repeat(3_000) });
  assert.deepEqual(large, ['413 request.too-large', 'The request is larger than 2000 bytes.']);
  assert.equal((await faucet({ amountMicro: '1' }, {}, null))[0], '400 idempotency.missing');
  assert.equal((await faucet({ amountMicro: '1' }, {}, 'short'))[0], '400 idempotency.missing');
  const { body } = await rig.call<Balance>('GET', '/v1/balance');
  assert.equal(body.availableMicro, '0');
});

test('unknown routes, broken addresses and ids are problems too', async (t) => {
  const rig = await startRig(t);
  const get = async (route: string, method = 'GET') => {
    const { status, body, headers } = await rig.call(method, route);
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, route);
    return `${status} ${body.code}`;
  };
  assert.equal(await get('/v1/nothing'), '404 route.unknown');
  assert.equal(await get('/'), '404 route.unknown');
  assert.equal(await get('/v1/account', 'DELETE'), '405 method.unknown');
  const { headers } = await rig.call('DELETE', '/v1/keys');
  assert.equal(headers.get('allow'), 'POST, GET');
  assert.equal(await get('/v1/%zz'), '404 route.unknown');
  assert.equal(await get('/v1/devices/%zz'), '404 route.unknown');
  assert.equal(await get('/v1/clusters/clu_1'), '400 request.malformed');
  assert.equal(await get(`/v1/clusters/clu_${'0'.repeat(26)}`), '404 not-found');
  assert.equal(await get('/v1/keys?limit=0'), '400 request.malformed');
  assert.equal(await get('/v1/keys?limit=many'), '400 request.malformed');
  assert.equal(await get('/v1/keys?colour=red'), '400 request.malformed');
  assert.equal(await get('/v1/enrolments/nonsense'), '400 request.malformed');
  assert.equal(await get('/v1/enrolments/AAAA-2222'), '404 enrolment.unknown');
  assert.deepEqual(
    rig.lines.filter((line) => line.level === 'error'),
    [],
  );
});

test('pages put together are the whole list, and a cursor that this list did not give out is refused', async (t) => {
  const rig = await startRig(t);
  const other = await rig.account('other');
  for (let i = 0; i < 5; i++) await rig.key();
  const page = (query: string, route = '/v1/keys', key = rig.secret) =>
    rig.call<{ items: KeyView[]; next: string | null }>('GET', `${route}?${query}`, undefined, { key });
  const { body: first } = await page('limit=1000');
  const whole = first.items.map((key) => key.id);
  const paged: string[] = [];
  const given: string[] = [];
  let after = '';
  do {
    const { body } = await page(`limit=2${after}`);
    paged.push(...body.items.map((key) => key.id));
    if (body.next !== null) given.push(body.next);
    after = body.next === null ? '' : `&after=${encodeURIComponent(body.next)}`;
  } while (after !== '');
  assert.deepEqual(paged, whole);
  assert.equal(whole.length, 6);

  const [cursor = ''] = given;
  assert.equal((await page(`limit=5&after=${cursor}`)).status, 200, 'a cursor is not bound to the size of a page');
  const [told = '', signature = ''] = cursor.split('.');
  const elsewhere = `${Buffer.from(String(whole[4])).toString('base64url')}.${signature}`;
  const forged = [
    elsewhere,
    `${told}.${'A'.repeat(86)}`,
    `${told}A.${signature}`,
    told,
    String(whole[1]),
    "'; DROP TABLE key; --",
    '\u0000',
    '',
  ];
  for (const each of forged) {
    const { status, body } = await page(`after=${encodeURIComponent(each)}`);
    assert.deepEqual([status, body.code], [409, 'cursor.foreign'], each);
    assert.match(body.next ?? '', /first page/);
  }
  assert.equal((await page(`after=${cursor}`, '/v1/activity')).body.code, 'cursor.foreign', 'of another list');
  assert.equal((await page(`after=${cursor}`, '/v1/keys', other.secret)).body.code, 'cursor.foreign', 'of another account');
  assert.equal((await page(`after=${'x'.repeat(401)}`)).status, 400);
  assert.equal((await page('limit=1001')).status, 400);
});

test('a name that could pass for another, or that hides something, is refused by the character that does', async (t) => {
  const rig = await startRig(t);
  const refused = {
    'p\u0430ypal': 'U+0430',
    'a\u202Eb': 'U+202E',
    'a\u200Bb': 'U+200B',
    'e\u0301': 'U+0301',
    '\uFB01x': 'U+FB01',
    'a\n': 'U+000A',
    'a\u{1F600}': 'U+1F600',
    ' a': 'U+0020',
  };
  for (const [name, code] of Object.entries(refused)) {
    const { status, body } = await rig.call('POST', '/v1/keys', { name, hash: 'a'.repeat(64), scopes: ['read'] });
    assert.deepEqual([status, body.code], [400, 'request.malformed']);
    assert.ok(body.detail.includes(`body.name takes letters`) && body.detail.includes(`not ${code}`), body.detail);
  }
});

test('a repeated request has one effect and one answer; its key is good for no other request', async (t) => {
  const rig = await startRig(t);
  const draw = (amountMicro: string, idempotencyKey: string, key = rig.secret) =>
    rig.call<Balance>('POST', '/v1/faucet', { amountMicro }, { idempotencyKey, key });
  const [first, twin] = await Promise.all([draw('100', 'draw-0001'), draw('100', 'draw-0001')]);
  const again = await draw('100', 'draw-0001');
  assert.deepEqual([first.status, twin.status, again.status], [200, 200, 200]);
  assert.deepEqual(again.body, first.body);
  assert.equal(again.body.availableMicro, '100');
  assert.equal((await draw('101', 'draw-0001')).body.code, 'idempotency.mismatch');
  assert.equal((await rig.call('POST', '/v1/keys', {}, { idempotencyKey: 'draw-0001' })).status, 400);
  const other = await rig.account('other');
  assert.equal((await draw('7', 'draw-0001', other.secret)).body.availableMicro, '7');
  assert.equal((await rig.call<Balance>('GET', '/v1/balance')).body.availableMicro, '100');

  await rig.restart();
  assert.deepEqual((await draw('100', 'draw-0001')).body, first.body);
  assert.equal((await rig.call<Balance>('GET', '/v1/balance')).body.availableMicro, '100');
});

test('the activity log has what was accepted and what was rejected, with the request of each', async (t) => {
  const rig = await startRig(t);
  const good = await rig.call('POST', '/v1/faucet', { amountMicro: '100' });
  const bad = await rig.call('POST', '/v1/faucet', { amountMicro: '100000000' });
  assert.equal(bad.body.code, 'faucet.limit');
  const { body } = await rig.call<{ items: ActivityView[] }>('GET', '/v1/activity');
  const [rejected, accepted] = body.items;
  assert.deepEqual([accepted?.command, accepted?.outcome], ['faucet.draw', 'accepted']);
  assert.equal(accepted?.request, good.headers.get('x-request-id'));
  assert.match(rejected?.outcome ?? '', /^faucet\.limit: The faucet gives at most/);
  assert.equal(rejected?.request, bad.body.request);
});

test('a caller who asks too often is told how long to wait; others are not held up', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, requestsPerMinute: 6 } });
  const other = await rig.account('other');
  let last = await rig.call('GET', '/v1/account');
  for (let i = 0; i < 8 && last.status === 200; i++) last = await rig.call('GET', '/v1/account');
  assert.equal(last.body.code, 'request.rate-limited');
  assert.ok(Number(last.headers.get('retry-after')) >= 1);
  assert.equal((await rig.call('GET', '/v1/account', undefined, { key: other.secret })).status, 200);
});

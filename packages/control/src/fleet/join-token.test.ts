// Join tokens over HTTP: many hosts at once, exactly as many come in as the token says; used up, expired, revoked, another's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceView, JoinTokenView } from '@iog/protocol';
import { hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { type DeviceKeys, deviceKeys, enrolmentOf } from '../test/fake-device.ts';
import { type Rig, startRig, until } from '../test/rig.ts';

async function made(rig: Rig, changes: Record<string, unknown> = {}, key = rig.secret) {
  const secret = makeApiSecret(randomBytes(32));
  const body = { name: 'rack', hash: hashApiSecret(secret), most: 10, expiresAt: Date.now() + 60_000, ...changes };
  const answer = await rig.call<JoinTokenView>('POST', '/v1/join-tokens', body, { key });
  return { secret, answer };
}

async function join(rig: Rig, secret: string, keys?: DeviceKeys, changes: Record<string, unknown> = {}) {
  const enrolment = enrolmentOf(keys ?? (await deviceKeys()), changes);
  return rig.call<DeviceView>('POST', '/v1/joinings', { enrolment, secret }, { key: null });
}

const tokens = async (rig: Rig) => (await rig.call<{ items: JoinTokenView[] }>('GET', '/v1/join-tokens')).body.items;

test('of sixteen hosts that race for ten places exactly ten come in, as the token says; the others are told', async (t) => {
  const rig = await startRig(t);
  const prices = { coreMicro: '7', memoryGbMicro: '1', gpuMicro: {} };
  const { secret, answer } = await made(rig, { region: 'eu-west', namePrefix: 'rack-', prices });
  assert.deepEqual([answer.status, answer.body.state, answer.body.uses], [200, 'open', 0]);
  const answers = await Promise.all(Array.from({ length: 16 }, () => join(rig, secret)));
  const joined = answers.filter(({ status }) => status === 200).map(({ body }) => body);
  assert.equal(joined.length, 10);
  for (const { name, region, prices: asked } of joined)
    assert.deepEqual([name.startsWith('rack-fake-'), region, asked.coreMicro], [true, 'eu-west', '7']);
  const refused = answers.filter(({ status }) => status !== 200);
  assert.ok(refused.every(({ body }) => body.code === 'token.used' && /10 devices/.test(body.detail)));
  assert.deepEqual(
    (await tokens(rig)).map(({ state, uses, most }) => [state, uses, most]),
    [['used', 10, 10]],
  );
  const { body } = await rig.call<{ items: DeviceView[] }>('GET', '/v1/devices');
  assert.equal(body.items.length, 10);
  assert.ok(!JSON.stringify([rig.lines, await tokens(rig)]).includes(secret));
});

test('a host that asks again is the same device, counted once; what is not its own it cannot say', async (t) => {
  const rig = await startRig(t);
  const { secret } = await made(rig, { most: 1 });
  const keys = await deviceKeys();
  const first = await join(rig, secret, keys, { host: 'h' });
  const again = await join(rig, secret, keys, { host: 'h' });
  assert.deepEqual([first.status, again.body.id], [200, first.body.id]);
  assert.equal((await tokens(rig))[0]?.uses, 1);
  assert.equal((await join(rig, secret)).body.code, 'token.used');
  const two = await made(rig);
  assert.equal((await join(rig, two.secret, undefined, { host: 'h' })).body.code, 'device.overlap');
  const forged = { ...enrolmentOf(await deviceKeys()), name: 'altered' };
  assert.equal(
    (await rig.call('POST', '/v1/joinings', { enrolment: forged, secret: two.secret }, { key: null })).body.code,
    'enrolment.invalid',
  );
  assert.equal((await tokens(rig)).find(({ id }) => id === two.answer.body.id)?.uses, 0);
});

test('a token ends by time or by a word of its account; another account neither sees nor ends it', async (t) => {
  const rig = await startRig(t);
  const { secret, answer } = await made(rig);
  const other = await rig.account('other');
  const revoke = (key: string) => rig.call<JoinTokenView>('POST', `/v1/join-tokens/${answer.body.id}/revoke`, {}, { key });
  assert.equal((await revoke(other.secret)).body.code, 'not-found');
  assert.deepEqual((await rig.call('GET', '/v1/join-tokens', undefined, { key: other.secret })).body['items'], []);
  assert.equal((await revoke(rig.secret)).body.state, 'revoked');
  const closed = await join(rig, secret);
  assert.deepEqual([closed.status, closed.body.code], [403, 'token.closed']);
  const short = await made(rig, { expiresAt: Date.now() + 300 });
  await until('its end', async () => (await join(rig, short.secret)).body.code === 'token.closed');
  assert.equal((await join(rig, makeApiSecret(randomBytes(32)))).body.code, 'token.unknown');
  assert.equal((await made(rig, { expiresAt: Date.now() - 1 })).answer.body.code, 'request.refused');
  assert.equal((await made(rig, {}, (await rig.key({ scopes: ['read', 'rent'] })).secret)).answer.body.code, 'key.scope');
});

test('a token ends with the key that made it', async (t) => {
  const rig = await startRig(t);
  const maker = await rig.key({ scopes: ['read', 'supply'] });
  const { secret } = await made(rig, {}, maker.secret);
  const keys = await deviceKeys();
  assert.equal((await join(rig, secret, keys)).status, 200);
  assert.equal((await rig.call('POST', `/v1/keys/${maker.view.id}/revoke`, {})).status, 200);
  for (const late of [keys, undefined]) assert.equal((await join(rig, secret, late)).body.code, 'token.closed');
});

test('the list goes on from page to page, and its cursor tells nothing of a secret', async (t) => {
  const rig = await startRig(t);
  const hashes: string[] = [];
  for (let i = 0; i < 3; i++) hashes.push(hashApiSecret((await made(rig)).secret));
  const seen: string[] = [];
  for (let next: string | null = ''; next !== null;) {
    const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`;
    const { body } = await rig.call<{ items: JoinTokenView[]; next: string | null }>('GET', `/v1/join-tokens?limit=1${after}`);
    seen.push(...body.items.map(({ id }) => id));
    next = body.next;
    for (const hash of hashes)
      assert.ok(
        !Buffer.from(next ?? '', 'base64url')
          .toString('latin1')
          .includes(hash),
      );
  }
  assert.deepEqual([seen.length, new Set(seen).size], [3, 3]);
});

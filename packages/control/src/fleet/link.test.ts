import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkVersions } from '@iog/protocol';
import { generateSigningKey, sha256hex, sign, signRequest } from '@iog/seal';
import { connectFake, admittedFake, deviceKeys, enrolFake, enrolmentOf, requestNonce } from '../test/fake-device.ts';
import { quickPolicy, startRig, until } from '../test/rig.ts';

test('an enrolment must be signed by the device it names, and fit the policy', async (t) => {
  const rig = await startRig(t);
  const keys = await deviceKeys();
  const stranger = generateSigningKey();
  const open = async (body: Record<string, unknown>) => {
    const { status, body: problem } = await rig.call('POST', '/v1/enrolments', body, { key: null });
    return status === 200 ? 'ok' : problem.code;
  };
  const good = enrolmentOf(keys);
  assert.equal(await open({ ...good, name: 'altered' }), 'enrolment.invalid');
  assert.equal(await open({ ...enrolmentOf({ ...keys, publicKey: stranger.publicKey }) }), 'enrolment.invalid');
  assert.equal(
    await open(enrolmentOf(keys, { recipientSignature: sign(keys.secretKey, 'enrolment', Buffer.from(keys.recipient)) })),
    'enrolment.invalid',
  );
  assert.equal(await open(enrolmentOf(keys, { recipient: `age1${'q'.repeat(58)}` })), 'enrolment.invalid');
  assert.equal(await open(enrolmentOf(keys, { runtime: 'container' })), 'request.malformed');
  assert.equal(await open(enrolmentOf(keys, { units: { cores: [0], memoryBytes: 5, diskBytes: 0, gpus: [] } })), 'request.refused');
  assert.equal(await open(good), 'ok');
  assert.equal(await open(enrolmentOf({ ...(await deviceKeys()) }, { code: good.code })), 'request.refused');
});

test('only a code that waits is approved, once, by one account, while it lives', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, enrolmentMs: 300 } });
  const approve = async (code: string, key = rig.secret) => (await rig.call('POST', '/v1/devices', { code }, { key })).body;
  assert.equal((await approve('AAAA-2222')).code, 'enrolment.unknown');
  const keys = await deviceKeys();
  const said = enrolmentOf(keys);
  await rig.call('POST', '/v1/enrolments', said, { key: null });
  const device = (await approve(said.code))['id'];
  const again = await approve(said.code);
  assert.deepEqual([again.code, again.detail.includes(String(device))], ['enrolment.approved', true]);
  const other = await rig.account('other');
  assert.equal((await approve(said.code, other.secret)).code, 'enrolment.unknown');
  const late = enrolmentOf(keys);
  await rig.call('POST', '/v1/enrolments', late, { key: null });
  const state = async () => (await rig.call('GET', `/v1/enrolments/${late.code}`, undefined, { key: null })).body['state'];
  await until('the code to expire', async () => (await state()) === 'expired');
  assert.equal((await approve(late.code)).code, 'enrolment.unknown');
});

test('a core of one host is approved once, also by two approvals at once, unless the joiner shares it', async (t) => {
  const rig = await startRig(t);
  const host = 'attic';
  const join = async (changes: Record<string, unknown>) => {
    const said = enrolmentOf(await deviceKeys(), { host, ...changes });
    await rig.call('POST', '/v1/enrolments', said, { key: null });
    return async () => (await rig.call('POST', '/v1/devices', { code: said.code })).body;
  };
  const [one, two] = [await join({}), await join({})];
  const answers = await Promise.all([one(), two()]);
  const [refused] = answers.filter(({ code }) => code !== undefined);
  const [first] = answers.filter(({ code }) => code === undefined);
  assert.equal(refused?.code, 'device.overlap', JSON.stringify(answers));
  const id = String(first?.['id']);
  assert.match(refused.detail, new RegExp(`${id}.* offers the cores 0, 1 already`));
  assert.equal((await (await join({ shareCores: true }))()).code, undefined);
  assert.equal((await (await join({ host: 'cellar' }))()).code, undefined);
  await rig.call('POST', `/v1/devices/${id}/region`, { region: 'eu-west' });
  assert.equal((await rig.call('GET', `/v1/devices/${id}`)).body['region'], 'eu-west');
});

test('a device request holds once, for this device, path, body and hour', async (t) => {
  const rig = await startRig(t);
  const { id, keys } = await enrolFake(rig);
  const path = `/v1/device/blobs/${'a'.repeat(64)}`;
  const request = {
    device: id,
    secretKey: keys.secretKey,
    method: 'GET',
    path,
    bodySha256: sha256hex(''),
    atMs: Date.now(),
    nonce: requestNonce(),
  };
  const ask = async (authorization: string, at = path) =>
    (await rig.call('GET', at, undefined, { key: null, headers: { authorization } })).body.code;
  const signed = signRequest(request);
  assert.equal(await ask(signed), 'blob.unknown');
  assert.equal(await ask(signed), 'device.signature');
  const fresh = (changes: Partial<typeof request>) => signRequest({ ...request, nonce: requestNonce(), ...changes });
  assert.equal(await ask(fresh({}), `/v1/device/blobs/${'b'.repeat(64)}`), 'device.signature');
  assert.equal(await ask(fresh({ secretKey: generateSigningKey().secretKey })), 'device.signature');
  assert.equal(await ask(fresh({ atMs: Date.now() - 6 * 60_000 })), 'device.signature');
  assert.equal(await ask(fresh({ bodySha256: sha256hex('x') })), 'device.signature');
  assert.equal(await ask(`Bearer ${rig.secret}`), 'device.signature');
  assert.equal(await ask(fresh({ device: `dev_${'0'.repeat(26)}` as never })), 'device.unknown');
  assert.equal(await ask(fresh({})), 'blob.unknown');
  await rig.call('POST', `/v1/devices/${id}/remove`);
  assert.equal(await ask(fresh({})), 'device.removed');
});

test('a hello that is not signed over this challenge, or speaks no version of ours, is refused with the reason', async (t) => {
  const rig = await startRig(t);
  const enrolled = await enrolFake(rig);
  const refusedWith = async (hello: Parameters<typeof connectFake>[2], as = enrolled) => {
    const device = await connectFake(rig, as, hello);
    await until('the close', () => device.closed());
    assert.equal(device.epoch(), 0);
    const refused = device.received.find((message) => message.type === 'refused');
    return refused?.code;
  };
  assert.equal(
    await refusedWith({ signature: sign(enrolled.keys.secretKey, 'hello', Buffer.from('another challenge')) }),
    'device.signature',
  );
  assert.equal(await refusedWith({}, { ...enrolled, keys: await deviceKeys() }), 'device.signature');
  assert.equal(await refusedWith({ min: 0, max: 0 }), 'link.version');
  assert.equal(await refusedWith({ min: linkVersions.max + 1, max: 9 }), 'link.version');
  assert.equal(await refusedWith({}, { ...enrolled, id: `dev_${'0'.repeat(26)}` as never }), 'device.unknown');
  const good = await connectFake(rig, enrolled, { min: 1, max: 9 });
  assert.equal(good.epoch(), 1);
  await rig.call('POST', `/v1/devices/${enrolled.id}/remove`);
  await until('the removed device to be dropped', () => good.closed());
  assert.equal(await refusedWith({}), 'device.removed');
});

test('garbage and messages of huge size end their session alone', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, linkMessageBytes: 10_000 } });
  const other = await admittedFake(rig);
  const enrolled = await enrolFake(rig);
  for (const garbage of ['garbage', '{"type":"beat"}', '[]', 'null', '{"type":"evidence","epoch":1,"lease":"x","snapshots":[]}']) {
    const device = await connectFake(rig, enrolled);
    device.send(garbage);
    const closed = await until('the close', () => device.closed());
    assert.deepEqual(closed, { code: 4000, reason: 'link.malformed' }, garbage);
  }
  const device = await connectFake(rig, enrolled);
  device.send({ type: 'pulse-answer', nonce: 'f'.repeat(64), padding: 'x'.repeat(20_000) });
  const tooBig = 1009;
  assert.equal((await until('the close', () => device.closed())).code, tooBig);
  assert.equal(other.closed(), undefined);
  assert.equal((await other.view()).connected, true);
});

test('the newest session of a device wins, and its proof is asked of it anew', async (t) => {
  const rig = await startRig(t);
  const enrolled = await enrolFake(rig);
  const first = await connectFake(rig, enrolled);
  const second = await connectFake(rig, enrolled);
  assert.deepEqual(await until('the first to be closed', () => first.closed()), { code: 4000, reason: 'session.displaced' });
  assert.equal(second.epoch(), first.epoch() + 1);
  await until('the proof', async () => (await second.view()).state === 'admitted');
  assert.equal((await second.view()).connected, true);
});

test('a wrong answer to the capacity demand admits nothing', async (t) => {
  const rig = await startRig(t);
  const liar = await connectFake(rig, await enrolFake(rig), { wrongDigests: true });
  await until('the refusal to be logged', () => rig.lines.some((line) => line.event === 'capacity.failed' && line['device'] === liar.id));
  assert.equal((await liar.view()).state, 'waiting');
  const { body } = await rig.call('GET', '/v1/offers');
  assert.deepEqual(body['items'], []);
});

// Uploads over sockets: they take room before they come, no memory, only so many places, and one that is cut off is nobody's error.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { generateSigningKey, sha256hex, signRequest } from '@iog/seal';
import { deviceKeys, enrolFake, enrolmentOf } from '../test/fake-device.ts';
import { type Rig, quickPolicy, startRig, until } from '../test/rig.ts';
import { uploads } from './uploads.ts';

/** An upload that says it has `length` bytes, sends `sent` of them, and waits. */
function begin(t: TestContext, rig: Rig, name: number, length: number | undefined, sent: number, secret = rig.secret) {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/octet-stream' };
  const request = http.request(`${rig.url}/v1/blobs/${String(name).padStart(64, '0')}`, {
    method: 'PUT',
    headers: { ...headers, ...(length === undefined ? {} : { 'content-length': String(length) }) },
  });
  const said: { code?: string; status?: number } = {};
  request.on('error', () => undefined);
  request.on('response', (response) => {
    let text = '';
    response.on('data', (part) => (text += String(part)));
    response.on('end', () => Object.assign(said, { status: response.statusCode, code: (JSON.parse(text) as { code?: string }).code }));
  });
  request.write(Buffer.alloc(sent));
  t.after(() => request.destroy());
  return { request, said, answered: () => until('an answer', () => said.status !== undefined && `${said.status} ${said.code}`) };
}

test('an account has few uploads under way, and places come free when they are cut off, which is no error', async (t) => {
  const rig = await startRig(t);
  const other = await rig.account('other');
  const before = process.memoryUsage().rss;
  const many = Array.from({ length: 12 }, (_, i) => begin(t, rig, i, 100_000_000, 20_000_000));
  await until('the refusals', () => many.filter(({ said }) => said.status !== undefined).length === 8);
  assert.ok(many.every(({ said }) => said.status === undefined || (said.status === 429 && said.code === 'blob.uploads')));
  assert.ok(process.memoryUsage().rss - before < 600_000_000);
  assert.equal(await begin(t, rig, 99, 1, 1, other.secret).answered(), '409 request.refused', 'others have their own places');
  for (const { request } of many) request.destroy();
  await until('four cut', () => rig.lines.filter(({ event }) => event === 'request.cut').length === 4);
  assert.equal(await begin(t, rig, 98, 1, 1).answered(), '409 request.refused', 'it is the wrong digest that is refused');
  const errors = rig.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(errors, []);
});

test('room is taken by what is said, before any byte comes; a body of no said length is refused', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, accountPackageBytes: 1_000 } });
  begin(t, rig, 1, 900, 1);
  await until('the room', () => readdirSync(path.join(rig.dir, 'blobs', '.unfinished')).length === 1);
  assert.equal(await begin(t, rig, 2, 200, 1).answered(), '409 blob.quota');
  assert.equal(await begin(t, rig, 3, undefined, 1).answered(), '400 request.malformed');
  assert.equal(await begin(t, rig, 4, quickPolicy.limits.blobBytes + 1, 1).answered(), '413 request.too-large');
});

test('a body of JSON that is cut off is no error either', async (t) => {
  const rig = await startRig(t);
  const headers = { authorization: `Bearer ${rig.secret}`, 'content-type': 'application/json', 'content-length': '100' };
  const request = http.request(`${rig.url}/v1/faucet`, { method: 'POST', headers }).on('error', () => undefined);
  request.write('{');
  await until('the request', () => rig.control !== undefined && request.socket?.bytesWritten);
  await new Promise((resolve) => setImmediate(resolve));
  request.destroy();
  await rig.call('GET', '/v1/account');
  await until('the line', () => rig.lines.some(({ event }) => event === 'request.cut'));
  assert.equal(
    rig.lines.some(({ level }) => level === 'error'),
    false,
  );
});

test('strangers fill nothing: a device waits once, only so many wait, and what they say is short', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, waitingEnrolments: 3 } });
  const ask = async (said: object) => {
    const { status, body } = await rig.call('POST', '/v1/enrolments', said, { key: null });
    return status === 200 ? 'ok' : `${status} ${body.code}`;
  };
  const keys = await deviceKeys();
  const [first, second] = [enrolmentOf(keys), enrolmentOf(keys)];
  for (const said of [first, second, second]) assert.equal(await ask(said), 'ok');
  assert.equal((await rig.call('GET', `/v1/enrolments/${first.code}`)).status, 404, 'the newer took its place');
  for (let i = 0; i < 2; i++) assert.equal(await ask(enrolmentOf(await deviceKeys())), 'ok');
  assert.equal(await ask(enrolmentOf(await deviceKeys())), '429 enrolment.full');
  assert.equal(await ask(enrolmentOf(keys)), 'ok', 'who waits already may still say it anew');
  assert.equal(await ask({ ...second, name: 'x'.repeat(40_000) }), '413 request.too-large');
});

test('one address takes no more than its part of the places of those that wait, once many do', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, waitingEnrolments: 32 } }, { behindProxy: true });
  const ask = async (address: string) => {
    const said = enrolmentOf(await deviceKeys());
    const headers = { 'x-forwarded-for': address };
    const { status, body } = await rig.call('POST', '/v1/enrolments', said, { key: null, headers });
    return status === 200 ? 'ok' : `${status} ${body.code}`;
  };
  for (let i = 0; i < 16; i++) assert.equal(await ask(`2001:db8::${i}`), 'ok', 'half of the places are for whoever comes');
  assert.equal(await ask('2001:db8::99'), '429 enrolment.full');
  const others = [await ask('203.0.113.1'), await ask('203.0.113.1'), await ask('203.0.113.1'), await ask('203.0.113.2')];
  assert.deepEqual(others, ['ok', 'ok', '429 enrolment.full', 'ok']);
  await rig.restart();
  assert.equal(await ask('2001:db8::99'), '429 enrolment.full', 'it is counted by the rows');
});

test('whoever only says the names of devices takes some places of logs, and no other network does without', async (t) => {
  const rig = await startRig(t, {}, { behindProxy: true });
  const devices: string[] = [];
  for (let i = 0; i < 5; i++) devices.push((await enrolFake(rig)).id);
  const log = (device: string | undefined, address: string) => {
    const route = `/v1/device/jobs/job_${'0'.repeat(26)}/logs/0`;
    const { secretKey } = generateSigningKey();
    const signed = { device: device ?? '', method: 'PUT', path: route, bodySha256: sha256hex(''), atMs: Date.now(), nonce: 'A'.repeat(22) };
    const headers = { authorization: signRequest({ ...signed, secretKey }), 'x-forwarded-for': address };
    const said: { code?: string } = {};
    const request = http.request(rig.url + route, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/octet-stream', 'content-length': '100' },
    });
    request.on('error', () => undefined);
    request.on('response', (response) => {
      let text = '';
      response.on('data', (part) => (text += String(part)));
      response.on('end', () => (said.code = (JSON.parse(text) as { code: string }).code));
    });
    request.write(Buffer.alloc(1));
    t.after(() => request.destroy());
    return { request, said };
  };
  const slow = Array.from({ length: 20 }, (_, i) => log(devices[i % 5], `2001:db8::${i}`));
  await until('the refusals', () => slow.filter(({ said }) => said.code === 'blob.uploads').length === 4);
  const other = log(devices[0], '203.0.113.1');
  other.request.end(Buffer.alloc(99));
  assert.equal(await until('an answer', () => other.said.code), 'device.signature', 'it came in, and its body was read');
  for (const { request } of slow) request.destroy();
  await until('places', async () => {
    const again = log(devices[0], '2001:db8::1');
    again.request.end(Buffer.alloc(99));
    return (await until('an answer', () => again.said.code)) === 'device.signature';
  });
});

test('an upload that went before it is counted takes no place', () => {
  const places = uploads();
  const gone = Object.assign(new EventEmitter(), { destroyed: true }) as never;
  for (let i = 0; i < 100; i++) assert.equal(places.begin('log', { name: 'dev', network: undefined }, gone), undefined);
});

// Packages over HTTP: within the account's quota, named by jobs only once they are there, and kept for what their cluster leaves.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { BlobRow } from '@iog/core';
import type { JobView } from '@iog/protocol';
import { sha256hex, signRequest } from '@iog/seal';
import { openSqlite } from '../store/sqlite.ts';
import { tables } from '../tables.ts';
import { type FakeDevice, admittedFake, requestNonce } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, quickPolicy, startRig, until } from '../test/rig.ts';

async function upload(rig: Rig, text: string, secret = rig.secret) {
  const blob = sha256hex(Buffer.from(text));
  const sent = await fetch(`${rig.url}/v1/blobs/${blob}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/octet-stream' },
    body: text,
  });
  const body = (await sent.json()) as { code?: string; context?: unknown };
  return { blob, status: sent.status, ...body };
}

test('an account has its quota for itself; a package that is there already can always be sent again', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, accountPackageBytes: 10 } });
  const other = await rig.account('other');
  assert.equal((await upload(rig, '1234567')).status, 200);
  const refused = await upload(rig, 'abcdef');
  assert.deepEqual([refused.status, refused.code], [409, 'blob.quota']);
  assert.deepEqual(refused.context, { usedBytes: 7, needsBytes: 6, limitBytes: 10 });
  assert.equal((await upload(rig, '1234567')).status, 200);
  assert.equal((await upload(rig, 'abcdef', other.secret)).status, 200);
  await rig.restart();
  assert.equal((await upload(rig, 'abcdef')).code, 'blob.quota');
  assert.equal((await upload(rig, 'abc')).status, 200);
});

test('the package of a job is kept from the end of its cluster on, one that no job names for a day', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const submit = (name: string) =>
    rig.call('POST', `/v1/clusters/${cluster.id}/jobs`, { name: 'job', sealedEntrypoint: 'c2VhbGVk', package: name });
  const [used, loose] = [await upload(rig, 'used'), await upload(rig, 'loose')];
  assert.equal((await submit(used.blob)).status, 200);
  assert.equal((await submit(used.blob)).status, 200);
  assert.equal((await submit('0'.repeat(64))).body.code, 'blob.unknown');

  await rig.control.stop();
  const store = openSqlite({ path: path.join(rig.dir, 'control.sqlite'), tables });
  const rows = (await store.query({ kind: 'blob', index: 'due', limit: 9 })).map(({ row }) => row as BlobRow);
  await store.close();
  assert.deepEqual(
    rows.map((row) => [row.id.split('/').at(-1), row.state]),
    [
      [loose.blob, 'stored'],
      [used.blob, 'stored'],
    ],
  );
  assert.equal(rows[1]?.keepUntil, cluster.endsAt + rig.policy.retention.blobMs);
  assert.ok((rows[0]?.keepUntil ?? 0) <= Date.now() + rig.policy.retention.looseBlobMs);
});

async function sendLog(rig: Rig, device: FakeDevice, segment: string, text: string) {
  const route = `/v1/device/jobs/${segment}`;
  const request = {
    device: device.id,
    method: 'PUT',
    path: route,
    bodySha256: sha256hex(Buffer.from(text)),
    atMs: Date.now(),
    nonce: requestNonce(),
  };
  const authorization = signRequest({ ...request, secretKey: device.keys.secretKey });
  const headers = { authorization, 'content-type': 'application/octet-stream' };
  const sent = await fetch(rig.url + route, { method: 'PUT', headers, body: text });
  return (await sent.json()) as { bytes?: number; code?: string };
}

test('log segments have a quota of their own, for the account of the job', async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, accountPackageBytes: 1, accountLogBytes: 10 } });
  const device = await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const { body: job } = await rig.call<JobView>('POST', `/v1/clusters/${cluster.id}/jobs`, { name: 'job', sealedEntrypoint: 'c2VhbGVk' });
  await until('the head', () => device.nodes.size === 1);
  assert.equal((await sendLog(rig, device, `${job.id}/logs/0`, '1234567')).bytes, 7);
  assert.equal((await sendLog(rig, device, `${job.id}/logs/1`, 'abcdef')).code, 'blob.quota');
  assert.equal((await sendLog(rig, device, `${job.id}/logs/0`, 'another')).bytes, 7);
  assert.equal((await sendLog(rig, device, `${job.id}/logs/1`, 'abc')).bytes, 3);
  const { status, body } = await rig.call('GET', `/v1/jobs/${job.id}/logs/7`);
  assert.deepEqual([status, body.code], [404, 'blob.unknown']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { sha256hex } from './bytes.ts';
import { parseRequestSignature, signRequest, verifyRequest, type RequestSignature } from './device-request.ts';
import { generateSigningKey } from './signing.ts';

const key = generateSigningKey(new Uint8Array(32).fill(1));
const request = {
  device: 'dev_0123456789abcdefghjkmnpqrs',
  method: 'POST',
  path: '/v1/device/blobs?x=1',
  bodySha256: sha256hex('body'),
  atMs: 1_700_000_000_000,
  nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
};
const header = signRequest({ ...request, secretKey: key.secretKey });

function parsed(): RequestSignature {
  const signature = parseRequestSignature(header);
  assert.ok(signature);
  return signature;
}

test('a signed request is verified within its time, on both sides of it', () => {
  const { method, path, bodySha256 } = request;
  const at = (nowMs: number) =>
    verifyRequest({ publicKey: key.publicKey, signature: parsed(), method, path, bodySha256, nowMs, skewMs: 1_000 });
  assert.deepEqual(at(request.atMs + 1_000), { ok: true });
  assert.deepEqual(at(request.atMs - 1_000), { ok: true });
  assert.deepEqual(at(request.atMs + 1_001), { ok: false, reason: 'stale' });
  assert.deepEqual(at(request.atMs - 1_001), { ok: false, reason: 'stale' });
});

test('every part of the request is under the signature', () => {
  const whole = { publicKey: key.publicKey, signature: parsed(), nowMs: request.atMs, skewMs: 1_000, ...request };
  assert.deepEqual(verifyRequest(whole), { ok: true });
  for (const change of [
    { method: 'GET' },
    { path: '/v1/device/blobs' },
    { bodySha256: sha256hex('other') },
    { publicKey: generateSigningKey().publicKey },
    { signature: { ...parsed(), nonce: 'BAAAAAAAAAAAAAAAAAAAAA' } },
    { signature: { ...parsed(), device: 'dev_x' } },
    { signature: { ...parsed(), atMs: request.atMs + 1 } },
  ]) {
    assert.deepEqual(verifyRequest({ ...whole, ...change }), { ok: false, reason: 'signature' });
  }
});

test('a header that is none of ours is undefined', () => {
  for (const wrong of [
    undefined,
    '',
    'Bearer x',
    header.slice(1),
    `${header}x`,
    header.replace('.17', '.017'),
    header.replace('IOG', 'iog'),
  ]) {
    assert.equal(parseRequestSignature(wrong), undefined);
  }
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parseRequestSignature(`IOG-Device ${text}`), undefined)));
});

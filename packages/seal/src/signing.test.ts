import assert from 'node:assert/strict';
import { createPublicKey, verify as nodeVerify } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { equalBytes, fromBase64url, fromHex, hmacSha256, sha256hex, toBase64url, toHex } from './bytes.ts';
import { generateSigningKey, sign, verify } from './signing.ts';

const bytes = new TextEncoder().encode('hello');

test('hashes meet their published vectors', () => {
  assert.equal(sha256hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  // RFC 4231, case 2.
  const mac = hmacSha256(new TextEncoder().encode('Jefe'), 'what do ya want for nothing?');
  assert.equal(toHex(mac), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
});

test('the key of RFC 8032 test 1, and its signature as another verifier sees it', () => {
  const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  const key = generateSigningKey(seed);
  assert.equal(toHex(fromBase64url(key.publicKey)), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  const jwk = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.publicKey }, format: 'jwk' });
  const signature = fromBase64url(sign(key.secretKey, 'evidence', bytes));
  assert.ok(nodeVerify(null, Buffer.from('iog/evidence\0hello'), jwk, signature));
});

test('a signature holds for its key, domain and bytes only', () => {
  const key = generateSigningKey();
  const signature = sign(key.secretKey, 'evidence', bytes);
  assert.match(signature, /^[A-Za-z0-9_-]{86}$/);
  assert.ok(verify(key.publicKey, 'evidence', bytes, signature));
  assert.ok(!verify(key.publicKey, 'hello', bytes, signature));
  assert.ok(!verify(generateSigningKey().publicKey, 'evidence', bytes, signature));
  assert.ok(!verify(key.publicKey, 'evidence', new TextEncoder().encode('hellO'), signature));
});

test('malformed input is false, not an error; a secret key that is none is an error', () => {
  const key = generateSigningKey();
  const signature = sign(key.secretKey, 'evidence', bytes);
  for (const [publicKey, domain, given] of [
    ['', 'evidence', signature],
    [`${key.publicKey}=`, 'evidence', signature],
    [key.publicKey.slice(1), 'evidence', signature],
    [key.publicKey, 'evidence\0x', signature],
    [key.publicKey, 'evidence', ''],
    [key.publicKey, 'evidence', `${signature}AAAA`],
    [key.publicKey, 'evidence', `${signature} `],
  ] as const) {
    assert.equal(verify(publicKey, domain, bytes, given), false);
  }
  assert.throws(() => sign('short', 'evidence', bytes), { code: 'seal.malformed' });
});

test('law: base64url and hex give back the bytes, and only their canonical spelling is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.string({ maxLength: 12 }), (given, stray) => {
      assert.deepEqual(fromBase64url(toBase64url(given)), given);
      assert.deepEqual(fromHex(toHex(given)), given);
      try {
        assert.equal(toBase64url(fromBase64url(stray)), stray);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'seal.malformed');
      }
      assert.ok(equalBytes(given, given.slice()));
      assert.ok(!equalBytes(given, new Uint8Array([...given, 0])));
    }),
  );
});

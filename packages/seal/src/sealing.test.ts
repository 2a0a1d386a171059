// Age sealing, and the secrets that travel sealed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { generateAgeIdentity, isRecipient, open, sealTo } from './age.ts';
import { hashApiSecret, isApiSecret, makeApiSecret } from './api-secret.ts';
import { canonical } from './canonical.ts';
import { decodeSecrets, encodeSecrets, newClusterSecrets } from './cluster-secrets.ts';

test('every recipient opens what was sealed to several, and nobody else', async () => {
  const [a, b, other] = [await generateAgeIdentity(), await generateAgeIdentity(), await generateAgeIdentity()];
  for (const bytes of [new Uint8Array(), new TextEncoder().encode('secret'), new Uint8Array(200_000).fill(7)]) {
    const sealed = await sealTo([a.recipient, b.recipient], bytes);
    assert.deepEqual(new Uint8Array(await open(a.identity, sealed)), bytes);
    assert.deepEqual(new Uint8Array(await open(b.identity, sealed)), bytes);
    await assert.rejects(open(other.identity, sealed), { code: 'seal.not-for-this-identity' });
  }
});

test('any change or cut is found', async () => {
  const { identity, recipient } = await generateAgeIdentity();
  const sealed = await sealTo([recipient], new TextEncoder().encode('a secret of some length'));
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      await assert.rejects(open(identity, changed), { name: 'SealError' });
      await assert.rejects(open(identity, sealed.slice(0, at)), { name: 'SealError' });
    }),
    { numRuns: 40 },
  );
});

test('recipients and identities are checked', async () => {
  const { identity, recipient } = await generateAgeIdentity();
  assert.ok(isRecipient(recipient));
  const swapped = recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q');
  for (const text of ['', 'age1', identity, swapped, recipient.toUpperCase(), `${recipient} `]) assert.equal(isRecipient(text), false);
  await assert.rejects(sealTo([], new Uint8Array(1)), { code: 'seal.not-a-recipient' });
  await assert.rejects(sealTo([recipient, swapped], new Uint8Array(1)), { code: 'seal.not-a-recipient' });
  await assert.rejects(open(recipient, new Uint8Array(1)), { code: 'seal.not-an-identity' });
  await assert.rejects(open(identity, new Uint8Array(1)), { code: 'seal.corrupt' });
});

test("a cluster's secret comes back from its bytes, and nothing else does", async () => {
  const random64 = Uint8Array.from({ length: 64 }, (_, at) => at);
  const secrets = await newClusterSecrets(random64);
  assert.equal(secrets.rayToken.slice(0, 8), '00010203');
  assert.equal(secrets.tunnelKeyHex.slice(0, 8), '20212223');
  assert.deepEqual(decodeSecrets(encodeSecrets(secrets)), secrets);
  assert.deepEqual(decodeSecrets(canonical({ v: 1, ...secrets, later: 1 })), secrets);

  const wrong = [
    { ...secrets, v: 2 },
    { v: 1 },
    { v: 1, ...secrets, rayToken: 'x' },
    { v: 1, ...secrets, ageRecipient: 'age1aaaaaaaaaaaaaaaaaaaaaaaa' },
  ];
  for (const bytes of [
    ...wrong.map((value) => canonical(value)),
    utf8('null'),
    utf8('{'),
    utf8('[]'),
    new Uint8Array(5_000),
    new Uint8Array([255]),
  ]) {
    assert.throws(
      () => decodeSecrets(bytes),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'seal.malformed');
        return !error.message.includes(secrets.rayToken);
      },
    );
  }
});

test('an API secret has its shape, and its hash is a known one', () => {
  const secret = makeApiSecret(new Uint8Array(32));
  assert.equal(secret, `iog_${'A'.repeat(43)}`);
  assert.ok(isApiSecret(secret));
  assert.ok(!isApiSecret(`${secret}A`));
  assert.match(hashApiSecret(secret), /^[0-9a-f]{64}$/);
  assert.throws(() => makeApiSecret(new Uint8Array(31)), { code: 'seal.malformed' });
});

function utf8(given: string): Uint8Array {
  return new TextEncoder().encode(given);
}

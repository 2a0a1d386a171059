// Ed25519 signatures, each under a domain, so that bytes signed for one purpose mean nothing for another.
import { createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes, type KeyObject } from 'node:crypto';
import { fromBase64url, randomBytes, toBase64url } from './bytes.ts';
import { SealError } from './seal-error.ts';

/** Both base64url: the raw 32 bytes of the public key, and the 32-byte seed. */
export interface SigningKey {
  readonly publicKey: string;
  readonly secretKey: string;
}

// DER around raw Ed25519 keys (RFC 8410).
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const keysCached = 4_096;

/** A new key pair; `seed` is 32 bytes that nobody else knows. */
export function generateSigningKey(seed: Uint8Array = randomBytes(32)): SigningKey {
  const secretKey = toBase64url(seed);
  const spki = createPublicKey(privateKeyOf(secretKey)).export({ format: 'der', type: 'spki' });
  return { publicKey: toBase64url(spki.subarray(publicPrefix.length)), secretKey };
}

/** The signature (base64url, 86 characters) of `iog/<domain>\0` and the bytes. Throws `seal.malformed` for a key that is none. */
export function sign(secretKey: string, domain: string, bytes: Uint8Array): string {
  return toBase64url(signBytes(null, framed(domain, bytes), privateKeyOf(secretKey)));
}

/** False for a wrong or malformed key, domain or signature; never throws. */
export function verify(publicKey: string, domain: string, bytes: Uint8Array, signature: string): boolean {
  try {
    return verifyBytes(null, framed(domain, bytes), publicKeyOf(publicKey), fromBase64url(signature));
  } catch {
    return false;
  }
}

function framed(domain: string, bytes: Uint8Array): Uint8Array {
  // With a NUL in it, a domain could run into the bytes of another.
  if (!/^[a-z0-9][a-z0-9/.-]*$/.test(domain)) throw new SealError('seal.malformed', 'A signing domain is lower-case words.');
  return Buffer.concat([Buffer.from(`iog/${domain}\0`), bytes]);
}

const privateKeys = new Map<string, KeyObject>();
const publicKeys = new Map<string, KeyObject>();

function privateKeyOf(secretKey: string): KeyObject {
  return cached(privateKeys, secretKey, () =>
    createPrivateKey({ key: Buffer.concat([privatePrefix, raw32(secretKey)]), format: 'der', type: 'pkcs8' }),
  );
}

function publicKeyOf(publicKey: string): KeyObject {
  return cached(publicKeys, publicKey, () =>
    createPublicKey({ key: Buffer.concat([publicPrefix, raw32(publicKey)]), format: 'der', type: 'spki' }),
  );
}

function raw32(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes.length !== 32) throw new SealError('seal.malformed', 'An Ed25519 key is 32 bytes.');
  return bytes;
}

// Parsing a key costs more than verifying with it; the oldest goes first when the cache is full.
function cached(keys: Map<string, KeyObject>, name: string, parse: () => KeyObject): KeyObject {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = parse();
  if (keys.size >= keysCached) for (const oldest of keys.keys()) if (keys.delete(oldest)) break;
  keys.set(name, key);
  return key;
}

// A stand-in for Ed25519 (packages/seal/src/signing.ts) in a simulated network: who can sign what is the same, at a tenth of the time.
import { hash } from 'node:crypto';

export interface SigningKey {
  readonly publicKey: string;
  readonly secretKey: string;
}

/** By public key: nobody but `verify` looks here, as nobody but the key's owner signs with it. */
const secrets = new Map<string, string>();
let made = 0;

const base64url = (text: string): string => hash('sha256', text, 'base64url');

export function generateSigningKey(seed?: Uint8Array): SigningKey {
  const secretKey = seed ? Buffer.from(seed).toString('base64url') : base64url(`key ${made++}`);
  const publicKey = base64url(`public ${secretKey}`);
  secrets.set(publicKey, secretKey);
  return { publicKey, secretKey };
}

/** 86 characters, as a signature has. */
export function sign(secretKey: string, domain: string, bytes: Uint8Array): string {
  const half = hash('sha256', Buffer.concat([Buffer.from(`${secretKey}/${domain}\0`), bytes]), 'base64url');
  return half + half;
}

export function verify(publicKey: string, domain: string, bytes: Uint8Array, signature: string): boolean {
  const secretKey = secrets.get(publicKey);
  return secretKey !== undefined && sign(secretKey, domain, bytes) === signature;
}

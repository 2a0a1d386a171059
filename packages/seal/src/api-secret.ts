// API secrets: made by the client, of which the network keeps only the hash.
import { sha256hex, toBase64url } from './bytes.ts';
import { SealError } from './seal-error.ts';

/** `iog_…` from 32 random bytes. */
export function makeApiSecret(random32: Uint8Array): string {
  if (random32.length !== 32) throw new SealError('seal.malformed', 'An API secret is made of 32 random bytes.');
  return `iog_${toBase64url(random32)}`;
}

export function isApiSecret(text: string): boolean {
  return /^iog_[A-Za-z0-9_-]{43}$/.test(text);
}

/** Hex SHA-256. Without salt or stretching: 256 random bits cannot be guessed, and the hash is looked up on every call. */
export function hashApiSecret(secret: string): string {
  return sha256hex(secret);
}

// Bytes: hashes, comparison that takes equal time, base64url, randomness.
import { createHash, createHmac, randomBytes as nodeRandomBytes, timingSafeEqual } from 'node:crypto';
import { SealError } from './seal-error.ts';

/** SHA-256; a string is hashed as its UTF-8 bytes. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return plain(createHash('sha256').update(data).digest());
}

export function sha256hex(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

export function hmacSha256(key: Uint8Array, data: Uint8Array | string): Uint8Array {
  return plain(createHmac('sha256', key).update(data).digest());
}

/** Compares in a time that tells nothing of where the two differ. Different lengths are unequal. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Throws `seal.malformed` for anything but the one canonical spelling: no padding, no other alphabet, no stray bits. */
export function fromBase64url(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new SealError('seal.malformed', 'The text is not canonical base64url.');
  return plain(bytes);
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Throws `seal.malformed` for anything but pairs of lower-case hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'hex');
  if (bytes.toString('hex') !== text) throw new SealError('seal.malformed', 'The text is not lower-case hexadecimal.');
  return plain(bytes);
}

/** Bytes from the system's generator, for callers at the edge; all else takes its randomness as a parameter. */
export function randomBytes(length: number): Uint8Array {
  if (length > 64) return plain(nodeRandomBytes(length));
  // A call to the system's generator costs more than 4 KiB of it. No byte is given out twice, and none stays behind.
  if (length > drawn.length - taken) {
    drawn = nodeRandomBytes(drawnBytes);
    taken = 0;
  }
  const bytes = new Uint8Array(drawn.subarray(taken, taken + length));
  drawn.fill(0, taken, (taken += length));
  return bytes;
}
let drawn = Buffer.alloc(0);
let taken = 0;
const drawnBytes = 4_096;

// A Buffer prints, compares and serialises unlike a Uint8Array, and small ones share one pool: hand out a copy of its own.
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

// The work of a capacity proof: a chain of Argon2id, each link needing the one before, so that more threads do not shorten it.
import { argon2Sync } from 'node:crypto';
import { hmacSha256 } from './bytes.ts';
import { SealError } from './seal-error.ts';

export interface ChainWork {
  /** At least 16 bytes, from control. */
  readonly salt: Uint8Array;
  readonly memoryKib: number;
  readonly passes: number;
  readonly links: number;
}

/** What one demand may ask of a thread at most: a device must not be made to swap by a number. */
const limits = { memoryKib: 4_194_304, passes: 64, links: 1_000_000 } as const;

/**
 * The 32-byte digest of the last link. Link n is Argon2id (RFC 9106, one lane) of link n−1 with the salt; link 0 is the salt.
 * Blocks its thread for the whole time: run it in a worker thread. Throws `seal.malformed` for work outside the limits.
 */
export function argon2Chain({ salt, memoryKib, passes, links }: ChainWork): Uint8Array {
  if (salt.length < 16) throw outside('the salt');
  if (!within(memoryKib, 8, limits.memoryKib)) throw outside('memoryKib');
  if (!within(passes, 1, limits.passes)) throw outside('passes');
  if (!within(links, 1, limits.links)) throw outside('links');

  let link = salt;
  for (let made = 0; made < links; made++) {
    link = argon2Sync('argon2id', { message: link, nonce: salt, parallelism: 1, tagLength: 32, memory: memoryKib, passes });
  }
  return new Uint8Array(link);
}

/** The salt of one thread of a demand, so that no thread can copy another's answer. */
export function threadSalt(salt: Uint8Array, thread: number): Uint8Array {
  return hmacSha256(salt, `capacity-thread/${thread}`);
}

function within(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function outside(what: string): SealError {
  return new SealError('seal.malformed', `The capacity work asks for ${what} outside of its limits.`);
}

// A stand-in for age (packages/seal/src/age.ts) in a simulated network: who can open what is the same, at once and without cryptography.
import { createHash } from 'node:crypto';
import { SealError } from '@iog/seal';

export interface AgeKey {
  readonly identity: string;
  readonly recipient: string;
}

let made = 0;
let under = 0;

/** Keys are counted from here: the same seed makes the same ones. */
export function countKeysFrom(seed: number): void {
  under = seed;
  made = 0;
}

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const recipientOf = (identity: string): string => `age1${hex(identity).slice(0, 58)}`;

export function generateAgeIdentity(): Promise<AgeKey> {
  const identity = `AGE-SECRET-KEY-1${hex(`${under}/${made++}`).slice(0, 58).toUpperCase()}`;
  return Promise.resolve({ identity, recipient: recipientOf(identity) });
}

export function isRecipient(text: string): boolean {
  return /^age1[0-9a-z]{58}$/.test(text);
}

export function sealTo(recipients: readonly string[], bytes: Uint8Array): Promise<Uint8Array> {
  if (recipients.length === 0 || !recipients.every(isRecipient)) throw new SealError('seal.not-a-recipient', 'Not an age recipient.');
  return Promise.resolve(Buffer.concat([Buffer.from(`${JSON.stringify(recipients)}\n`), bytes]));
}

export function open(identity: string, bytes: Uint8Array): Promise<Uint8Array> {
  const sealed = Buffer.from(bytes);
  const end = sealed.indexOf(10);
  let recipients: unknown;
  try {
    recipients = JSON.parse(sealed.subarray(0, end).toString());
  } catch {
    return Promise.reject(new SealError('seal.corrupt', 'The sealed bytes are damaged.'));
  }
  const isMine = Array.isArray(recipients) && recipients.includes(recipientOf(identity));
  if (!isMine) return Promise.reject(new SealError('seal.not-for-this-identity', 'The bytes are sealed to other recipients.'));
  return Promise.resolve(sealed.subarray(end + 1));
}

// Sealing with age (X25519): many recipients, one ciphertext. Files of the stock `age` command open here, and the other way round.
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { SealError } from './seal-error.ts';

export interface AgeKey {
  /** `AGE-SECRET-KEY-1…`: keep it. */
  readonly identity: string;
  /** `age1…`: publish it. */
  readonly recipient: string;
}

export async function generateAgeIdentity(): Promise<AgeKey> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** True for a recipient whose checksum holds. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return /^age1[0-9a-z]+$/.test(text);
  } catch {
    return false;
  }
}

/** Seals to every one of the recipients; each opens it alone. Throws `seal.not-a-recipient`, also for an empty list. */
export async function sealTo(recipients: readonly string[], bytes: Uint8Array): Promise<Uint8Array> {
  if (recipients.length === 0) throw new SealError('seal.not-a-recipient', 'There is nobody to seal to.');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    if (!isRecipient(recipient)) throw new SealError('seal.not-a-recipient', `"${recipient.slice(0, 80)}" is not an age recipient.`);
    encrypter.addRecipient(recipient);
  }
  return encrypter.encrypt(bytes);
}

/** Throws `seal.not-an-identity`, `seal.not-for-this-identity` (another's) or `seal.corrupt` (cut, changed, or not age at all). */
export async function open(identity: string, bytes: Uint8Array): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity);
  } catch {
    throw new SealError('seal.not-an-identity', 'The text is not an age identity.');
  }
  try {
    return await decrypter.decrypt(bytes, 'uint8array');
  } catch (error) {
    // The library has one error class and words for this case; a test pins them.
    if (error instanceof Error && error.message.startsWith('no identity matched')) {
      throw new SealError('seal.not-for-this-identity', 'The bytes are sealed to other recipients.');
    }
    throw new SealError('seal.corrupt', 'The sealed bytes are damaged or are not age.');
  }
}

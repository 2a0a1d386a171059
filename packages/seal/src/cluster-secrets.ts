// The secret of a cluster: what its nodes and its renter share and the network never sees. Sealed with age by whoever sends it.
import { generateAgeIdentity, isRecipient } from './age.ts';
import { randomBytes, toHex } from './bytes.ts';
import { canonical } from './canonical.ts';
import { SealError } from './seal-error.ts';

export interface ClusterSecrets {
  /** Ray's own token (64 hex digits). */
  readonly rayToken: string;
  /** The pre-shared key of the tunnel's TLS, 32 bytes in hex. */
  readonly tunnelKeyHex: string;
  readonly ageIdentity: string;
  readonly ageRecipient: string;
}

const maxBytes = 4_096;
const shapes: Readonly<Record<keyof ClusterSecrets, RegExp>> = {
  rayToken: /^[0-9a-f]{64}$/,
  tunnelKeyHex: /^[0-9a-f]{64}$/,
  ageIdentity: /^AGE-SECRET-KEY-[0-9A-Z-]{20,200}$/,
  ageRecipient: /^age1[0-9a-z]{20,2000}$/,
};

/** `random64`: 64 bytes, the first half for Ray's token, the second for the tunnel. */
export async function newClusterSecrets(random64: Uint8Array = randomBytes(64)): Promise<ClusterSecrets> {
  if (random64.length !== 64) throw new SealError('seal.malformed', 'The secret of a cluster is made of 64 random bytes.');
  const { identity, recipient } = await generateAgeIdentity();
  return {
    rayToken: toHex(random64.subarray(0, 32)),
    tunnelKeyHex: toHex(random64.subarray(32)),
    ageIdentity: identity,
    ageRecipient: recipient,
  };
}

export function encodeSecrets({ rayToken, tunnelKeyHex, ageIdentity, ageRecipient }: ClusterSecrets): Uint8Array {
  return canonical({ v: 1, rayToken, tunnelKeyHex, ageIdentity, ageRecipient });
}

/** Throws `seal.malformed` for anything that `encodeSecrets` did not make. Fields of a later version are ignored. */
export function decodeSecrets(bytes: Uint8Array): ClusterSecrets {
  const fields = parse(bytes);
  if (fields['v'] !== 1) throw malformed('its version is unknown');
  const secrets = {
    rayToken: field(fields, 'rayToken'),
    tunnelKeyHex: field(fields, 'tunnelKeyHex'),
    ageIdentity: field(fields, 'ageIdentity'),
    ageRecipient: field(fields, 'ageRecipient'),
  };
  if (!isRecipient(secrets.ageRecipient)) throw malformed('ageRecipient is not a recipient');
  return secrets;
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > maxBytes) throw malformed('it is too long');
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The parser's message would quote the secret.
  }
  throw malformed('it is not a JSON object');
}

function field(fields: Record<string, unknown>, name: keyof ClusterSecrets): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof value !== 'string' || !shapes[name].test(value)) throw malformed(`${name} has the wrong shape`);
  return value;
}

function malformed(why: string): SealError {
  return new SealError('seal.malformed', `The cluster's secret cannot be read: ${why}.`);
}

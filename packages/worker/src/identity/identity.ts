// Who this device is: its Ed25519 key and its age identity, made here once, readable by their owner only. They never leave the folder.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isId, type DeviceId } from '@iog/protocol';
import { canonical, generateAgeIdentity, generateSigningKey, sign } from '@iog/seal';
import { readJson, writeDurably } from '../durable.ts';

export interface DeviceKeys {
  readonly publicKey: string;
  readonly secretKey: string;
  readonly ageIdentity: string;
  readonly ageRecipient: string;
}

/** The network this device enrolled in. `device` is null until someone approves it. */
export interface Membership {
  readonly url: string;
  readonly network: string;
  readonly device: DeviceId | null;
  /** The network has told its worker that the device was removed: it enrols anew. */
  readonly removed?: boolean;
}

const keysFile = 'device-keys.json';
const membershipFile = 'membership.json';

/** The keys in `dir`, made at the first call. Throws for a file that is there and cannot be read: a new key would be another device. */
export async function deviceKeys(dir: string): Promise<DeviceKeys> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const path = join(dir, keysFile);
  const found = readJson(path);
  if (isKeys(found)) {
    chmodSync(path, 0o600);
    return found;
  }
  if (found !== undefined) throw new Error(`${path} holds no device keys. Restore it, or remove it to become another device.`);
  const { publicKey, secretKey } = generateSigningKey();
  const { identity, recipient } = await generateAgeIdentity();
  const keys = { publicKey, secretKey, ageIdentity: identity, ageRecipient: recipient };
  writeDurably(path, JSON.stringify(keys));
  return keys;
}

export function membership(dir: string): Membership | undefined {
  const found = readJson(join(dir, membershipFile)) as Partial<Membership> | null | undefined;
  if (typeof found?.url !== 'string' || typeof found.network !== 'string') return undefined;
  const device = typeof found.device === 'string' && isId('dev', found.device) ? found.device : null;
  return { url: found.url, network: found.network, device, ...(found.removed === true ? { removed: true } : {}) };
}

export function saveMembership(dir: string, value: Membership): void {
  writeDurably(join(dir, membershipFile), JSON.stringify(value));
}

/** Signs canonical bytes of a value under a domain. */
export function signValue(keys: DeviceKeys, domain: string, value: unknown): string {
  return sign(keys.secretKey, domain, canonical(value));
}

/** Binds the age recipient to the device: what a renter's client checks before it seals a secret to it. */
export function signRecipient(keys: DeviceKeys): string {
  return sign(keys.secretKey, 'recipient', new TextEncoder().encode(keys.ageRecipient));
}

function isKeys(value: unknown): value is DeviceKeys {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return ['publicKey', 'secretKey', 'ageIdentity', 'ageRecipient'].every((name) => typeof fields[name] === 'string');
}

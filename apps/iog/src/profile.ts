// The user's profile: which network, with which key, and the identity that opens their clusters. A file only its owner can read.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { iogClient, type IogClient } from '@iog/client';
import { generateAgeIdentity, isApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import type { Environment } from './environment.ts';
import { UsageError, UserError } from './failure.ts';
import { isPrivateWay } from './address.ts';

export interface Profile {
  readonly url: string;
  /** The API secret. */
  readonly key: string;
  readonly ageIdentity: string;
  readonly ageRecipient: string;
  /** The network's public key: quotes and receipts are checked against it. Empty until the network has been seen. */
  readonly network: string;
  /** Certificates (PEM) of the authority of the network's, where this system has none that it comes from. */
  readonly ca?: string;
}
const fields = ['url', 'key', 'ageIdentity', 'ageRecipient', 'network'] as const;

const profileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** `<home>/profile.json`, or of a name `<home>/profiles/<name>.json`. Throws UsageError for what is no name. */
export function profileFile(home: string, name?: string): string {
  if (name === undefined) return path.join(home, 'profile.json');
  if (!profileName.test(name)) throw new UsageError(`"${name}" is not a name for a profile: letters, digits, dot, dash.`);
  return path.join(home, 'profiles', `${name}.json`);
}

/** The profile in the home; undefined if there is none. Throws UserError for one that cannot be understood. */
export function readProfile(home: string, name?: string): Profile | undefined {
  const file = profileFile(home, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const found: unknown = JSON.parse(text);
    if (
      typeof found === 'object' &&
      found !== null &&
      fields.every((field) => typeof (found as Record<string, unknown>)[field] === 'string')
    ) {
      return found as Profile;
    }
  } catch {
    // Said below, without quoting a file that holds secrets.
  }
  throw new UserError(
    `The profile ${file} is damaged.`,
    'Restore it from a backup: the key in it cannot be made again. Or move it away and run `iog up`.',
  );
}

/** Replaces the profile whole; mode 0600 in a folder of mode 0700, where the system knows modes. */
export function writeProfile(home: string, profile: Profile, name?: string): void {
  const file = profileFile(home, name);
  makePrivateFolder(home);
  makePrivateFolder(path.dirname(file));
  writePrivateFile(file, `${JSON.stringify(profile, undefined, 2)}\n`);
}

export function makePrivateFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
}

/** The file is never readable by others and never half written. */
export function writePrivateFile(file: string, text: string): void {
  const fresh = `${file}.${process.pid}`;
  try {
    writeFileSync(fresh, text, { mode: 0o600, flag: 'w' });
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** A profile with a fresh key and identity. */
export async function newProfile(url: string): Promise<Profile> {
  const { identity, recipient } = await generateAgeIdentity();
  return { url, key: makeApiSecret(randomBytes(32)), ageIdentity: identity, ageRecipient: recipient, network: '' };
}

/** The network that is meant: IOG_URL and IOG_KEY over the profile. Throws UserError if there is neither. */
export function requireNetwork(environment: Environment): {
  readonly url: string;
  readonly key: string | undefined;
  readonly profile: Profile | undefined;
} {
  const { home, url, key } = environment;
  if (key !== undefined && !isApiSecret(key))
    throw new UserError(
      'IOG_KEY does not look like an API key.',
      'It starts with iog_ and has 47 characters; make one with `iog key create`.',
    );
  const profile = profileOf(environment);
  const address = url ?? profile?.url;
  if (address === undefined)
    throw new UserError(
      `No network is known here: ${home} has no profile.`,
      'Start one with `iog up`, log in to one with `iog login <url>`, or set IOG_URL and IOG_KEY.',
    );
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new UserError(`"${address}" is not an address of a network.`, 'Set IOG_URL to something like http://127.0.0.1:8790.');
  // A key is for its own network: never send the profile's to another address.
  const own = key ?? (profile !== undefined && sameOrigin(address, profile.url) ? profile.key : undefined);
  return { url: address, key: own, profile };
}

// Longer than a supervised control takes to come back; a person waits no longer for a network that is off.
const shortPatienceMs = 4_000;
/** For what runs for hours: one restart of control or of its machine must not end it. */
export const longPatienceMs = 60_000;

/** A client of that network, closed when `work` is done. */
export async function withClient<T>(
  environment: Environment,
  work: (client: IogClient) => Promise<T>,
  patienceMs = shortPatienceMs,
): Promise<T> {
  const { url, key, profile } = requireNetwork(environment);
  if (key === undefined && profile !== undefined)
    throw new UserError(
      "IOG_URL differs from the profile's network, so its key is not sent.",
      `Set IOG_KEY to a key of ${url}, or unset IOG_URL to use ${profile.url}.`,
    );
  if (key !== undefined && !isPrivateWay(url))
    throw new UserError(
      `${url} is not on this machine and has no TLS, so no key is sent there.`,
      'Use an address that begins with https://.',
    );
  const ca = profile !== undefined && sameOrigin(url, profile.url) ? profile.ca : undefined;
  const client = iogClient({ url, patienceMs, ...(key === undefined ? {} : { key }), ...(ca === undefined ? {} : { ca }) });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** The profile that is meant: a name that there is none of is a slip. */
export function profileOf({ home, profile: name }: Pick<Environment, 'home' | 'profile'>): Profile | undefined {
  const profile = readProfile(home, name);
  if (profile !== undefined || name === undefined) return profile;
  const names = profileNames(home);
  const next = names.length === 0 ? 'There is none with a name' : `There are: ${names.join(', ')}`;
  throw new UserError(`${home} has no profile "${name}".`, `${next}; make it with \`iog login <url> --profile ${name}\`.`);
}

function profileNames(home: string): string[] {
  const dir = path.join(home, 'profiles');
  return existsSync(dir) ? readdirSync(dir).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])) : [];
}

/** The profile, for what only its age identity can open. */
export function requireProfile(environment: Environment): Profile {
  const profile = profileOf(environment);
  if (profile === undefined)
    throw new UserError(
      `${environment.home} has no profile with an identity.`,
      'Run where `iog up`, `iog login` or `iog account create` made one, or set IOG_HOME.',
    );
  return profile;
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}

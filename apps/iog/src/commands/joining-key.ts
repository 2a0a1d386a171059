// The key of somebody who joins by an invitation, kept until their profile is written: the invitation opens once, and its answer may be lost.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { hashApiSecret, isApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { makePrivateFolder, profileFile, writePrivateFile } from '../profile.ts';

export interface JoiningKey {
  readonly key: string;
  /** The profile has it now, or nobody came in with it. */
  forget(this: void): void;
}

/** The same key for the same invitation into the same profile, until it is forgotten: control lets it in again. */
export function joiningKey(
  { home, profile }: { readonly home: string; readonly profile?: string | undefined },
  invitation: string,
): JoiningKey {
  const profileAt = profileFile(home, profile);
  const file = `${profileAt}.joining`;
  const hash = hashApiSecret(invitation);
  const forget = (): void => rmSync(file, { force: true });
  const before = readJoining(file);
  if (before?.invitation === hash && isApiSecret(before.key)) return { key: before.key, forget };
  const key = makeApiSecret(randomBytes(32));
  makePrivateFolder(home);
  makePrivateFolder(path.dirname(profileAt));
  writePrivateFile(file, `${JSON.stringify({ invitation: hash, key })}\n`);
  return { key, forget };
}

/** Undefined where there is none, or what is there is none. */
function readJoining(file: string): { readonly invitation: string; readonly key: string } | undefined {
  try {
    const { invitation, key } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return typeof invitation === 'string' && typeof key === 'string' ? { invitation, key } : undefined;
  } catch {
    return undefined;
  }
}

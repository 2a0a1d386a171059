// Ids: prefixed, sortable by time of making, branded by kind. Making one takes time and randomness as parameters.
import { Type } from 'typebox';

declare const brand: unique symbol;
export type Id<P extends string> = string & { readonly [brand]: P };

export type AccountId = Id<'acc'>;
export type KeyId = Id<'key'>;
export type DeviceId = Id<'dev'>;
export type ClusterId = Id<'clu'>;
export type LeaseId = Id<'lea'>;
export type JobId = Id<'job'>;
export type EntryId = Id<'ent'>;
export type ActivityId = Id<'act'>;
export type QuoteId = Id<'quo'>;
export type MemberId = Id<'mem'>;
export type InvitationId = Id<'inv'>;
export type JoinTokenId = Id<'tok'>;

export type IdPrefix = 'acc' | 'key' | 'dev' | 'clu' | 'lea' | 'job' | 'ent' | 'act' | 'quo' | 'mem' | 'inv' | 'tok';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 10;
const randomLength = 16;

/** A new id: 10 characters of time (ms, base 32) and 16 of randomness. `random` gives at least 16 bytes. */
export function makeId<P extends IdPrefix>(prefix: P, nowMs: number, random: Uint8Array): Id<P> {
  let time = '';
  for (let rest = nowMs, i = 0; i < timeLength; i++, rest = Math.floor(rest / 32)) time = (alphabet[rest % 32] ?? '0') + time;
  let tail = '';
  for (let i = 0; i < randomLength; i++) tail += alphabet[(random[i] ?? 0) % 32];
  return `${prefix}_${time}${tail}` as Id<P>;
}

/** When an id was made. */
export function idTime(id: string): number {
  const time = id.slice(id.indexOf('_') + 1).slice(0, timeLength);
  return Array.from(time).reduce((ms, character) => ms * 32 + alphabet.indexOf(character), 0);
}

/** The schema of an id of one kind. */
export function idSchema<P extends IdPrefix>(prefix: P) {
  return Type.Unsafe<Id<P>>(Type.String({ pattern: `^${prefix}_[0-9a-z]{26}$`, examples: [`${prefix}_${'0'.repeat(26)}`] }));
}

export function isId<P extends IdPrefix>(prefix: P, text: string): text is Id<P> {
  return new RegExp(`^${prefix}_[0-9a-z]{26}$`).test(text);
}

// The members of an account: who may steer whom. An account keeps an owner, and nobody gives what they lack.
import {
  type Instant,
  type MemberId,
  type MemberView,
  type Rejection,
  type MemberRole,
  accountScopes,
  roleScopes,
  memberRoles,
} from '@iog/protocol';
import type { AccountRow, KeyRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { founderId, memberOf, revokeKey } from './identity.ts';

/** An account that never had a team has one member: the owner who founded it, under the account's own name. */
export function membersOf({ id, name, createdAt, members }: AccountRow): readonly MemberView[] {
  return members ?? [{ id: founderId(id), name, role: 'owner', createdAt }];
}

/** Why the holder of this key may not steer the account's members: `member.not-owner`; `key.revoked` for one who is no member any more. */
export function mayOwn(account: AccountRow, key: KeyRow): Rejection | undefined {
  const member = membersOf(account).find(({ id }) => id === memberOf(key));
  if (!member) return { code: 'key.revoked', context: {} };
  return member.role === 'owner' ? undefined : { code: 'member.not-owner', context: { role: member.role } };
}

/** Why this key may not make somebody a member of that role: it lacks a scope of the role (`key.scope`), or is bound as what it gives would not be. */
export function mayGrant(key: KeyRow, role: MemberRole): Rejection | undefined {
  const lacking = accountScopes.find((scope) => roleScopes[role].includes(scope) && !key.scopes.includes(scope));
  if (lacking) return { code: 'key.scope', context: { scope: lacking } };
  const bound = key.expiresAt !== null ? 'a key that expires' : key.spendCapMicro !== null ? 'a key with a spend cap' : undefined;
  if (bound === undefined) return undefined;
  return { code: 'request.refused', context: { detail: `${bound} gives nobody a role: what they may do would have no such limit` } };
}

export interface Steering {
  readonly account: AccountRow;
  readonly member: MemberId;
  /** The key that asks. */
  readonly by: KeyRow;
  /** All keys of that member. */
  readonly keys: readonly KeyRow[];
  readonly now: Instant;
}

/**
 * Gives a member another role. Their keys lose at once what the new role may not; those that could do all that the old role may can do all
 * that the new one may. Rejects `member.not-owner`, `member.last-owner`, `not-found`, and what `mayGrant` rejects where the role rises.
 */
export function changeRole({ account, member: id, by, keys, now }: Steering, role: MemberRole): Decision<MemberView> {
  const refused = mayOwn(account, by);
  if (refused) return { ok: false, rejection: refused };
  const found = memberIn(account, id);
  if (!found.ok || found.value.role === role) return found;
  const rises = memberRoles.indexOf(role) > memberRoles.indexOf(found.value.role);
  const unlike = rises ? mayGrant(by, role) : isLastOwner(account, found.value) ? lastOwner(id) : undefined;
  if (unlike) return { ok: false, rejection: unlike };
  const changed: MemberView = { ...found.value, role };
  const next: AccountRow = { ...account, members: membersOf(account).map((each) => (each.id === id ? changed : each)) };
  const rows = keys.filter(({ revokedAt }) => revokedAt === null).flatMap((key) => fitted(key, found.value.role, role, now));
  return accept([next, ...rows], changed);
}

/** Takes a member out, with all their keys. An owner removes anyone; others leave by themselves. Rejects `member.not-owner`, `member.last-owner`, `not-found`. */
export function removeMember({ account, member: id, by, keys, now }: Steering): Decision<MemberView> {
  const refused = memberOf(by) === id ? undefined : mayOwn(account, by);
  if (refused) return { ok: false, rejection: refused };
  const found = memberIn(account, id);
  if (!found.ok) return found;
  if (isLastOwner(account, found.value)) return { ok: false, rejection: lastOwner(id) };
  const next: AccountRow = { ...account, members: membersOf(account).filter((each) => each.id !== id) };
  return accept([next, ...keys.flatMap((key) => rowsOf(revokeKey(key, now)))], found.value);
}

/** The key as its member's new role allows; nothing where it stays as it is. */
function fitted(key: KeyRow, before: MemberRole, role: MemberRole, now: Instant): readonly KeyRow[] {
  const allowed = key.scopes.filter((scope) => roleScopes[role].includes(scope));
  const isFree = key.expiresAt === null && key.spendCapMicro === null;
  const couldAll = accountScopes.every((scope) => !roleScopes[before].includes(scope) || key.scopes.includes(scope));
  const gained = isFree && couldAll ? accountScopes.filter((scope) => roleScopes[role].includes(scope) && !allowed.includes(scope)) : [];
  if (allowed.length === 0) return rowsOf(revokeKey(key, now));
  return gained.length === 0 && allowed.length === key.scopes.length ? [] : [{ ...key, scopes: [...allowed, ...gained] }];
}

function rowsOf(revoked: Decision<KeyRow>): readonly KeyRow[] {
  return revoked.ok && revoked.rows.length > 0 ? [revoked.value] : [];
}

function memberIn(account: AccountRow, id: MemberId): Decision<MemberView> {
  const found = membersOf(account).find((member) => member.id === id);
  return found ? accept<MemberView>([], found) : reject('not-found', { noun: 'member', id });
}

function isLastOwner(account: AccountRow, { id, role }: MemberView): boolean {
  return role === 'owner' && !membersOf(account).some((other) => other.role === 'owner' && other.id !== id);
}

function lastOwner(member: MemberId): Rejection {
  return { code: 'member.last-owner', context: { member } };
}

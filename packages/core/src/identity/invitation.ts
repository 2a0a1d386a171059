// Invitations: an owner's word that whoever has its secret may join, once, until it expires, and no longer than the key that made it.
import {
  type Acceptance,
  type Instant,
  type InvitationId,
  type InvitationView,
  type KeyId,
  type MemberId,
  type MemberView,
  type NewInvitation,
  type Rejection,
  type Scope,
  accountScopes,
  roleScopes,
  teamLimits,
} from '@iog/protocol';
import type { AccountRow, InvitationRow, KeyRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { authorise, createKey, memberOf } from './identity.ts';
import { mayGrant, mayOwn, membersOf } from './team.ts';

export interface Inviting {
  readonly wanted: NewInvitation;
  readonly account: AccountRow;
  readonly by: KeyRow;
  /** How many the account has already, in whatever state. */
  readonly kept: number;
  readonly id: InvitationId;
  readonly now: Instant;
}

/** Rejects `member.not-owner`, `invitation.full`, a bad expiry (`request.refused`), and what `mayGrant` rejects. */
export function createInvitation({ wanted, account, by, kept, id, now }: Inviting): Decision<InvitationRow> {
  const refused = mayOwn(account, by) ?? mayGrant(by, wanted.role);
  if (refused) return { ok: false, rejection: refused };
  if (kept >= teamLimits.invitations) return reject('invitation.full', { invitations: kept });
  if (wanted.expiresAt <= now || wanted.expiresAt > now + teamLimits.invitationMs)
    return reject('request.refused', { detail: 'expiresAt is in the past, or more than 30 days ahead' });
  const row: InvitationRow = {
    kind: 'invitation',
    id: wanted.hash,
    invitation: id,
    account: account.id,
    role: wanted.role,
    by: memberOf(by),
    maker: by.id,
    createdAt: now,
    expiresAt: wanted.expiresAt,
    revokedAt: null,
    used: null,
  };
  // The account is written along: another one made meanwhile is counted.
  return accept([row, account], row);
}

/** Rejects `member.not-owner`; revoking again, or one that was used, changes nothing. */
export function revokeInvitation(row: InvitationRow, account: AccountRow, by: KeyRow, now: Instant): Decision<InvitationRow> {
  const refused = mayOwn(account, by);
  if (refused) return { ok: false, rejection: refused };
  if (row.revokedAt !== null || row.used !== null) return accept<InvitationRow>([], row);
  const revoked: InvitationRow = { ...row, revokedAt: now };
  return accept<InvitationRow>([revoked], revoked);
}

export interface Accepting {
  readonly wanted: Acceptance;
  readonly invitation: InvitationRow;
  readonly account: AccountRow;
  /** The key that made the invitation. */
  readonly maker: KeyRow | undefined;
  /** What stands under the hash of the key that is wanted. */
  readonly standing: KeyRow | undefined;
  readonly member: MemberId;
  readonly key: KeyId;
  readonly now: Instant;
}
export interface Joined {
  readonly account: AccountRow;
  readonly member: MemberView;
  readonly key: KeyRow;
}

/**
 * Makes a member with a first key. Said again with the same key it changes nothing, so that an answer that was lost can be asked for again.
 * Rejects `invitation.over`, `member.full`, `key.scope`, and what `createKey` rejects.
 */
export function acceptInvitation(accepting: Accepting): Decision<Joined> {
  const { wanted, invitation, account, standing, member: id, now } = accepting;
  const before = membersOf(account).find((member) => member.id === invitation.used?.member);
  if (standing && before && invitation.used?.key === wanted.key.hash) return accept<Joined>([], { account, member: before, key: standing });
  const over = endOf(accepting);
  if (over) return { ok: false, rejection: { code: 'invitation.over', context: { why: over } } };
  if (standing) return reject('request.refused', { detail: 'body.key.hash is taken' });
  const members = membersOf(account);
  if (members.length >= teamLimits.members) return reject('member.full', { members: members.length });

  const most = mostOf(accepting);
  const scopes = wanted.key.scopes ?? accountScopes.filter((scope) => most.includes(scope));
  const beyond = scopes.find((scope) => !most.includes(scope));
  if (beyond) return reject('key.scope', { scope: beyond });
  const made = createKey({ wanted: { ...wanted.key, scopes }, maker: null, now, id: accepting.key, account: account.id, member: id });
  if (!made.ok) return made;
  const member: MemberView = { id, name: wanted.name, role: invitation.role, createdAt: now };
  const next: AccountRow = { ...account, members: [...members, member] };
  const used: InvitationRow = { ...invitation, used: { member: id, key: wanted.key.hash } };
  return accept([next, used, made.value], { account: next, member, key: made.value });
}

/** Why it opens nothing any more. */
function endOf({ invitation, account, maker, now }: Accepting): string | undefined {
  if (invitation.used !== null) return 'it was used';
  if (invitation.revokedAt !== null) return 'it was revoked';
  if (now >= invitation.expiresAt) return 'it expired';
  const refused: Rejection | undefined =
    authorise(maker, 'admin', now) ?? (maker && (mayOwn(account, maker) ?? mayGrant(maker, invitation.role)));
  return refused && 'whoever made it may not invite any more';
}

/** `operate` goes only from an owner who has it to another owner. */
function mostOf({ invitation, maker }: Accepting): readonly Scope[] {
  return roleScopes[invitation.role].filter((scope) => scope !== 'operate' || maker?.scopes.includes('operate') === true);
}

export function invitationView(row: InvitationRow, now: Instant): InvitationView {
  const { invitation: id, account, role, by, createdAt, expiresAt, revokedAt, used } = row;
  const state = used !== null ? 'used' : revokedAt !== null ? 'revoked' : now >= expiresAt ? 'expired' : 'open';
  return { id, account, role, state, by, createdAt, expiresAt, member: used?.member ?? null };
}

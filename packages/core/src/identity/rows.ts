// The rows of identity: accounts with their members, keys, invitations, what was done, and the answers that repeated requests get again.
import type { AccountId, ActivityView, Instant, InvitationId, KeyId, MemberId, MemberView, MemberRole, Scope } from '@iog/protocol';

export interface AccountRow {
  readonly kind: 'account';
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: Instant;
  readonly recipient: string | null;
  /** At most `teamLimits.members`. One that never had a team has its founder alone (`membersOf`). */
  readonly members?: readonly MemberView[];
}

/** Kept under the SHA-256 of its secret. Ends with the key that made it. */
export interface InvitationRow {
  readonly kind: 'invitation';
  readonly id: string;
  readonly invitation: InvitationId;
  readonly account: AccountId;
  readonly role: MemberRole;
  readonly by: MemberId;
  /** The hash of the key that made it. */
  readonly maker: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly revokedAt: Instant | null;
  /** `key` is the hash of the key that came in with it. */
  readonly used: { readonly member: MemberId; readonly key: string } | null;
}

/** Kept under the SHA-256 of its secret. `spentMicro` counts this key's holds minus their refunds, for its cap. */
export interface KeyRow {
  readonly kind: 'key';
  readonly id: string;
  readonly key: KeyId;
  readonly account: AccountId;
  /** Lacking: the founder of its account. */
  readonly member?: MemberId;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  readonly spendCapMicro: bigint | null;
  readonly spentMicro: bigint;
}

export interface ActivityRow extends Readonly<ActivityView> {
  readonly kind: 'activity';
}

/** The answer that a repeated request gets again. Id: `<account>/<Idempotency-Key>`. */
export interface ReplyRow {
  readonly kind: 'reply';
  readonly id: string;
  readonly requestHash: string;
  readonly status: number;
  readonly body: string;
  readonly at: Instant;
}

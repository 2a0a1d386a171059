// The rows of identity: accounts, keys, what they did, and the answers that repeated requests get again.
import type { AccountId, ActivityView, Instant, KeyId, Scope } from '@iog/protocol';

export interface AccountRow {
  readonly kind: 'account';
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: Instant;
  readonly recipient: string | null;
}

/** Kept under the SHA-256 of its secret. `spentMicro` counts this key's holds minus their refunds, for its cap. */
export interface KeyRow {
  readonly kind: 'key';
  readonly id: string;
  readonly key: KeyId;
  readonly account: AccountId;
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

// Accounts and keys: who may do what. A key's secret is never here, only its hash.
import type {
  AccountId,
  AccountView,
  Currency,
  Instant,
  KeyId,
  KeyView,
  MemberId,
  NewAccount,
  NewKey,
  Rejection,
  Scope,
} from '@iog/protocol';
import type { AccountRow, KeyRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';

/** Why this key may not do this now: `key.unknown`, `key.revoked`, `key.expired`, `key.scope`; undefined when it may. */
export function authorise(key: KeyRow | undefined, scope: Scope, now: Instant): Rejection | undefined {
  if (!key) return { code: 'key.unknown', context: {} };
  if (key.revokedAt !== null) return { code: 'key.revoked', context: {} };
  if (key.expiresAt !== null && now >= key.expiresAt) return { code: 'key.expired', context: {} };
  if (!key.scopes.includes(scope)) return { code: 'key.scope', context: { scope } };
  return undefined;
}

/** Why this key may not have so much more held, under its spend cap. */
export function spendWithin(key: KeyRow, extraMicro: bigint, currency: Currency): Rejection | undefined {
  const { spendCapMicro: cap, spentMicro: spent } = key;
  if (cap === null || spent + extraMicro <= cap) return undefined;
  const context = { capMicro: cap.toString(), spentMicro: spent.toString(), needsMicro: extraMicro.toString(), currency };
  return { code: 'key.spend-cap', context };
}

/** Whose a key is. An account's founder is known by the account's own id, so that no row need say it. */
export function memberOf({ member, account }: Pick<KeyRow, 'member' | 'account'>): MemberId {
  return member ?? founderId(account);
}
export function founderId(account: AccountId): MemberId {
  return `mem_${account.slice('acc_'.length)}` as MemberId;
}

export interface Making<W, I> {
  readonly wanted: W;
  /** The key that asks; null for the network's very first. */
  readonly maker: KeyRow | null;
  readonly now: Instant;
  readonly id: I;
}

/** An account with its first key, which may do anything in that account. Rejects what `createKey` rejects. */
export function createAccount({
  wanted,
  maker,
  now,
  id,
  keyId,
}: Making<NewAccount, AccountId> & { readonly keyId: KeyId }): Decision<{ account: AccountRow; key: KeyRow }> {
  const account: AccountRow = { kind: 'account', id, name: wanted.name, createdAt: now, recipient: wanted.recipient ?? null };
  const made = createKey({ wanted: wanted.key, maker, now, id: keyId, account: id });
  return made.ok ? accept([account, made.value], { account, key: made.value }) : made;
}

/**
 * A key can give no scope of its account that its maker lacks (`key.scope`), must expire in the future, and ends no later than its maker. The first key of another account
 * can have any scope there, but never `operate`: the network is run from the account that made it (both `request.refused`). It belongs to `member`, else
 * to its maker's member, else to the account's founder.
 */
export function createKey({
  wanted,
  maker,
  now,
  id,
  account,
  member,
}: Making<NewKey, KeyId> & { readonly account: AccountId; readonly member?: MemberId }): Decision<KeyRow> {
  const isAnothers = maker !== null && maker.account !== account;
  if (isAnothers && wanted.scopes.includes('operate'))
    return reject('request.refused', { detail: 'the first key of another account cannot have the scope operate' });
  const lacking = maker !== null && !isAnothers ? wanted.scopes.find((scope) => !maker.scopes.includes(scope)) : undefined;
  if (lacking) return reject('key.scope', { scope: lacking });
  if (wanted.expiresAt !== undefined && wanted.expiresAt <= now) return reject('request.refused', { detail: 'expiresAt is in the past' });
  // Else whoever came by a key that ends could make itself one that does not.
  if (maker !== null && !isAnothers && maker.expiresAt !== null && (wanted.expiresAt ?? Infinity) > maker.expiresAt)
    return reject('request.refused', {
      detail: `a key made with a key that expires ends no later than that one: expiresAt at most ${maker.expiresAt}`,
    });
  const cap = wanted.spendCapMicro === undefined ? null : BigInt(wanted.spendCapMicro);
  if (cap !== null && cap < 0n) return reject('request.refused', { detail: 'spendCapMicro is below zero' });
  // Each key counts its own spending: one with a cap that made others which spend would have no cap.
  const canSpend = wanted.scopes.includes('rent') || wanted.scopes.includes('admin');
  if (maker !== null && !isAnothers && maker.spendCapMicro !== null && canSpend)
    return reject('request.refused', { detail: 'a key with a spend cap makes no key with the scope rent or admin' });
  const whose = member ?? (maker !== null && !isAnothers ? memberOf(maker) : founderId(account));
  const key: KeyRow = {
    kind: 'key',
    id: wanted.hash,
    key: id,
    account,
    ...(whose === founderId(account) ? {} : { member: whose }),
    name: wanted.name,
    scopes: [...wanted.scopes],
    createdAt: now,
    expiresAt: wanted.expiresAt ?? null,
    revokedAt: null,
    spendCapMicro: cap,
    spentMicro: 0n,
  };
  return accept([key], key);
}

/** Revoking again changes nothing. */
export function revokeKey(key: KeyRow, now: Instant): Decision<KeyRow> {
  if (key.revokedAt !== null) return accept<KeyRow>([], key);
  const revoked: KeyRow = { ...key, revokedAt: now };
  return accept<KeyRow>([revoked], revoked);
}

export function accountView({ id, name, createdAt, recipient }: AccountRow): AccountView {
  return { id, name, createdAt, recipient };
}

export function keyView(row: KeyRow): KeyView {
  const { key, account, name, scopes, createdAt, expiresAt, revokedAt, spendCapMicro, spentMicro } = row;
  return {
    id: key,
    account,
    member: memberOf(row),
    name,
    scopes: [...scopes],
    createdAt,
    expiresAt,
    revokedAt,
    spendCapMicro: spendCapMicro === null ? null : spendCapMicro.toString(),
    spentMicro: spentMicro.toString(),
  };
}

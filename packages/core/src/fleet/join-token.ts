// Join tokens: what one lets in, counted with each device that it makes. Whether a secret is the token's is decided by its hash, before.
import {
  type AccountId,
  type DeviceId,
  type Enrolment,
  type Instant,
  type JoinTokenId,
  type JoinTokenView,
  type NewJoinToken,
  type Policy,
  type Prices,
  isName,
  joinTokenLimits,
} from '@iog/protocol';
import type { DeviceRow, JoinTokenRow, KeyRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { authorise } from '../identity/identity.ts';
import { approve, enrolmentOpen } from './enrolment.ts';

export interface TokenMaking {
  readonly wanted: NewJoinToken;
  readonly account: AccountId;
  /** The hash of the key that asks. */
  readonly maker: string;
  readonly id: JoinTokenId;
  readonly now: Instant;
}

/** Rejects `request.refused` for an end that is past or too far, and for a hash in use. */
export function createJoinToken(
  { wanted, account, maker, id, now }: TokenMaking,
  existing: JoinTokenRow | undefined,
): Decision<JoinTokenRow> {
  if (existing) return reject('request.refused', { detail: 'hash is that of another token: make a fresh secret' });
  if (wanted.expiresAt <= now || wanted.expiresAt > now + joinTokenLimits.liveMs)
    return reject('request.refused', { detail: 'expiresAt must lie ahead, at most a year' });
  const { name, hash, most, expiresAt, region = null, prices = null, namePrefix = '' } = wanted;
  const scope = { most, expiresAt, region, prices, namePrefix };
  const row: JoinTokenRow = {
    kind: 'join-token',
    id: hash,
    token: id,
    account,
    maker,
    name,
    ...scope,
    uses: 0,
    createdAt: now,
    revokedAt: null,
  };
  return accept([row], row);
}

/** At once and for good; devices that it let in stay. */
export function revokeJoinToken(token: JoinTokenRow, now: Instant): Decision<JoinTokenRow> {
  if (token.revokedAt !== null) return accept([], token);
  const revoked: JoinTokenRow = { ...token, revokedAt: now };
  return accept([revoked], revoked);
}

export function joinTokenView(token: JoinTokenRow, now: Instant): JoinTokenView {
  const { name, uses, most, createdAt, expiresAt, revokedAt, region, prices, namePrefix } = token;
  return { id: token.token, name, state: stateOf(token, now), uses, most, createdAt, expiresAt, revokedAt, region, prices, namePrefix };
}

function stateOf({ revokedAt, expiresAt, uses, most }: JoinTokenRow, now: Instant): JoinTokenView['state'] {
  if (revokedAt !== null) return 'revoked';
  if (now >= expiresAt) return 'expired';
  return uses >= most ? 'used' : 'open';
}

export interface Joining {
  readonly enrolment: Enrolment;
  /** The key that made the token, as it is now. */
  readonly maker: KeyRow | undefined;
  /** The id of the device, if it becomes a new one. */
  readonly deviceId: DeviceId;
  /** The prices of the supplier's book, where the token names none. */
  readonly book?: Prices | undefined;
  readonly now: Instant;
  readonly policy: Policy;
}

/**
 * The device that this host becomes. One that the account has already comes in again as itself, and counts no further use. `others` as in
 * `approve`. A token ends with the key that made it: else whoever left the account would go on adding to it. Rejects `token.closed`, `token.used`, and what enrolling and approving reject.
 */
export function joinByToken(token: JoinTokenRow, joining: Joining, others: readonly DeviceRow[]): Decision<DeviceRow> {
  const { enrolment, maker, deviceId, book, now, policy } = joining;
  const isOrphan = token.maker !== undefined && authorise(maker, 'supply', now) !== undefined;
  const state = isOrphan ? 'revoked' : stateOf(token, now);
  if (state === 'revoked' || state === 'expired') return reject('token.closed', { token: token.token, state });
  const isKnown = others.some(
    ({ publicKey, account, state: is }) => publicKey === enrolment.publicKey && account === token.account && is !== 'removed',
  );
  if (state === 'used' && !isKnown) return reject('token.used', { token: token.token, most: token.most });
  const name = nameOf(token.namePrefix, enrolment.name);
  const opened = enrolmentOpen({ ...enrolment, name }, now, policy);
  if (!opened.ok) return opened;
  const by = { account: token.account, deviceId, region: token.region ?? undefined, prices: token.prices ?? undefined, book, now, policy };
  const approved = approve(opened.value, by, others);
  if (!approved.ok) return approved;
  const counted: JoinTokenRow = isKnown ? token : { ...token, uses: token.uses + 1 };
  // Its enrolment is over as soon as it is begun: nobody asks for it by its code.
  return accept([approved.value, counted], approved.value);
}

function nameOf(prefix: string, name: string): string {
  const whole = name.startsWith(prefix) ? name : `${prefix}${name}`;
  return isName(whole) ? whole : whole.slice(0, 64);
}

// The money of a cluster: its hold is its cap; proven time is paid out of it; the rest goes back. held = paid + refunded, to the last unit.
import type { AccountId, EntryId, Instant, Policy } from '@iog/protocol';
import { accrued } from '@iog/protocol';
import type { ClusterRow, EntryRow, LeaseRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { assertLaw } from '../law.ts';
import { type Balances, availableOf, earnedOf, faucetOf, feeAccount, holdOf, move } from './entry.ts';

interface Doing {
  readonly balances: Balances;
  readonly now: Instant;
  readonly entryId: EntryId;
}

/** Sets money aside for a cluster: its cap, or what its cap grows by. Rejects `balance.short`. */
export function placeHold({
  cluster,
  amountMicro,
  balances,
  at,
  id,
}: {
  readonly cluster: ClusterRow;
  readonly amountMicro: bigint;
  readonly balances: Balances;
  readonly at: Instant;
  readonly id: EntryId;
}): Decision<EntryRow> {
  const lines = [
    { account: availableOf(cluster.account), amountMicro: -amountMicro },
    { account: holdOf(cluster.id), amountMicro },
  ];
  return move({ id, at, entry: 'hold', currency: cluster.currency, account: cluster.account, subject: cluster.id, lines }, balances);
}

/** The accounts that an accrual of this lease moves. */
export function accountsOfAccrual(lease: LeaseRow, cluster: ClusterRow): string[] {
  return [holdOf(cluster.id), earnedOf(lease.supplier), feeAccount(lease.id)];
}

/**
 * Moves what a lease's proven time has come to and was not moved yet: cumulative floor(rate × proven ms / 3,600,000) (DESIGN §5). The fee is
 * cumulative too, so that many small accruals come to the same as one. Never more than the hold has.
 */
export function accrue({
  lease,
  cluster,
  balances,
  now,
  entryId,
}: Doing & { readonly lease: LeaseRow; readonly cluster: ClusterRow }): Decision<{ lease: LeaseRow; cluster: ClusterRow }> {
  const inHold = balances.get(holdOf(cluster.id))?.amountMicro ?? 0n;
  const due = accrued(lease.rateMicroPerHour, lease.provenMs) - lease.paidMicro;
  const amount = due < inHold ? due : inHold;
  if (amount <= 0n) return accept([], { lease, cluster });
  const feeOf = (paid: bigint): bigint => (paid * BigInt(cluster.feeBasisPoints)) / 10_000n;
  const fee = feeOf(lease.paidMicro + amount) - feeOf(lease.paidMicro);
  const lines = [
    { account: holdOf(cluster.id), amountMicro: -amount },
    { account: earnedOf(lease.supplier), amountMicro: amount - fee },
    { account: feeAccount(lease.id), amountMicro: fee },
  ];
  const moved = move(
    { id: entryId, at: now, entry: 'accrual', currency: cluster.currency, account: cluster.account, subject: cluster.id, lines },
    balances,
  );
  if (!moved.ok) return moved;
  const paidLease: LeaseRow = { ...lease, paidMicro: lease.paidMicro + amount };
  const paidCluster: ClusterRow = { ...cluster, paidMicro: cluster.paidMicro + amount, feeMicro: cluster.feeMicro + fee };
  return accept([...moved.rows, paidLease, paidCluster], { lease: paidLease, cluster: paidCluster });
}

/** Gives back what is left of the hold, once every lease is settled; done again, it moves nothing. */
export function refundRest({
  cluster,
  balances,
  now,
  entryId,
}: Doing & { readonly cluster: ClusterRow }): Decision<{ cluster: ClusterRow }> {
  const rest = balances.get(holdOf(cluster.id))?.amountMicro ?? 0n;
  const refunded: ClusterRow = { ...cluster, refundedMicro: cluster.refundedMicro + rest };
  const { heldMicro, paidMicro, refundedMicro } = refunded;
  assertLaw(
    heldMicro === paidMicro + refundedMicro,
    `the money of ${cluster.id} adds up: held ${heldMicro}, paid ${paidMicro}, refunded ${refundedMicro}`,
  );
  if (rest === 0n) return accept([refunded], { cluster: refunded });
  const lines = [
    { account: holdOf(cluster.id), amountMicro: -rest },
    { account: availableOf(cluster.account), amountMicro: rest },
  ];
  const moved = move(
    { id: entryId, at: now, entry: 'refund', currency: cluster.currency, account: cluster.account, subject: cluster.id, lines },
    balances,
  );
  return moved.ok ? accept([...moved.rows, refunded], { cluster: refunded }) : moved;
}

export interface FaucetDraw extends Doing {
  readonly account: AccountId;
  readonly amountMicro: bigint;
  /** What this account has drawn before. */
  readonly drawnMicro: bigint;
  readonly policy: Policy;
}

/**
 * Test money. Rejects `faucet.closed` in a network of real money, `request.refused` for an amount that is not above zero,
 * `faucet.limit` beyond the policy's sum for one account.
 */
export function faucet({ account, amountMicro, drawnMicro, policy, balances, now, entryId }: FaucetDraw): Decision<EntryRow> {
  const limit = BigInt(policy.faucetMicro);
  if (policy.currency !== 'TUSD' || limit === 0n) return reject('faucet.closed');
  if (amountMicro <= 0n) return reject('request.refused', { detail: 'the amount must be above zero' });
  if (drawnMicro + amountMicro > limit) return reject('faucet.limit', { limitMicro: limit.toString(), currency: policy.currency });
  const lines = [
    { account: faucetOf(account), amountMicro: -amountMicro },
    { account: availableOf(account), amountMicro },
  ];
  return move({ id: entryId, at: now, entry: 'faucet', currency: policy.currency, account, subject: account, lines }, balances);
}

// Double entry: every movement sums to zero, and no account but the faucet falls below it.
import type { AccountId, ClusterId, Currency, EntryId, Instant, LeaseId } from '@iog/protocol';
import type { BalanceRow, EntryKind, EntryRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';

export const faucetAccount = 'network/faucet';
const stripes = 8;

export function availableOf(account: AccountId): string {
  return `${account}/available`;
}
export function earnedOf(account: AccountId): string {
  return `${account}/earned`;
}
export function holdOf(cluster: ClusterId): string {
  return `${cluster}/hold`;
}
/** Revenue is striped by lease, so that no row is hot. */
export function feeAccount(lease: LeaseId): string {
  return `network/fee/${(lease.codePointAt(lease.length - 1) ?? 0) % stripes}`;
}

export type Balances = ReadonlyMap<string, BalanceRow>;
export interface Movement {
  readonly id: EntryId;
  readonly at: Instant;
  readonly entry: EntryKind;
  readonly currency: Currency;
  readonly account: AccountId;
  readonly subject: string;
  readonly lines: EntryRow['lines'];
}

/** The entry and the balances after it. Rejects `balance.short`; throws (a bug) for lines that do not sum to zero or another currency. */
export function move({ lines, ...movement }: Movement, balances: Balances): Decision<EntryRow> {
  if (lines.reduce((sum, line) => sum + line.amountMicro, 0n) !== 0n) throw new Error(`the entry ${movement.id} does not sum to zero`);
  const after = new Map<string, BalanceRow>();
  for (const { account, amountMicro } of lines) {
    const before = after.get(account) ?? balances.get(account);
    if (before && before.currency !== movement.currency) throw new Error(`the account ${account} holds ${before.currency}, not ${movement.currency}`);
    const amount = (before?.amountMicro ?? 0n) + amountMicro;
    if (amount < 0n && account !== faucetAccount) return reject('balance.short', { hasMicro: (before?.amountMicro ?? 0n).toString(), needsMicro: (-amountMicro).toString() });
    after.set(account, { kind: 'balance', id: account, currency: movement.currency, amountMicro: amount });
  }
  const entry: EntryRow = { kind: 'entry', ...movement, lines };
  return accept([...after.values(), entry], entry);
}

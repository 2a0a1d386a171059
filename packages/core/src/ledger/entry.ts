// Double entry: every movement sums to zero, and no account but the faucet falls below it.
import type { AccountId, ClusterId, Currency, EntryId, EntryKind, Instant, LeaseId } from '@iog/protocol';
import type { BalanceRow, EntryRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { assertLaw } from '../law.ts';

/** Where the faucet of earlier builds drew from. Since then each account has one of its own: no row is hot. */
const sharedFaucet = 'network/faucet';
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
export function faucetOf(account: AccountId): string {
  return `${sharedFaucet}/${account}`;
}
/** The one kind of account that may be below zero. */
export function isFaucet(account: string): boolean {
  return account === sharedFaucet || account.startsWith(`${sharedFaucet}/`);
}
/** Revenue is striped by lease, so that no row is hot. The id's last character is random. */
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

/**
 * The entry and the balances after it. `balances` must hold the row of each account that has one.
 * Rejects `balance.short` where the account's own available money does not suffice. Lines that do not sum to zero, another currency, and
 * any other account below zero are bugs: those amounts come from us.
 */
export function move({ lines: wanted, ...movement }: Movement, balances: Balances): Decision<EntryRow> {
  const lines = wanted.filter((line) => line.amountMicro !== 0n);
  const sum = lines.reduce((total, line) => total + line.amountMicro, 0n);
  assertLaw(sum === 0n, `the entry ${movement.id} sums to zero, not to ${sum}`);
  const rows: BalanceRow[] = [];
  for (const [account, amountMicro] of changes(lines)) {
    const before = balances.get(account);
    const hasMicro = before?.amountMicro ?? 0n;
    const currency = before?.currency ?? movement.currency;
    assertLaw(currency === movement.currency, `the account ${account} holds ${currency}, not ${movement.currency}`);
    const left = hasMicro + amountMicro;
    if (left < 0n && !isFaucet(account)) {
      assertLaw(account === availableOf(movement.account), `the account ${account} has ${hasMicro} and is not asked for ${-amountMicro}`);
      return reject('balance.short', { hasMicro: hasMicro.toString(), needsMicro: (-amountMicro).toString(), currency });
    }
    rows.push({ kind: 'balance', id: account, currency: movement.currency, amountMicro: left });
  }
  const entry: EntryRow = { kind: 'entry', ...movement, lines };
  return accept([...rows, entry], entry);
}

/** What each account changes by: an account may be in several lines. */
function changes(lines: EntryRow['lines']): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { account, amountMicro } of lines) sums.set(account, (sums.get(account) ?? 0n) + amountMicro);
  return sums;
}

// The rows of the ledger: balances, the entries that move them, and receipts.
import type { AccountId, ClusterId, Currency, EntryId, EntryKind, Instant, Receipt } from '@iog/protocol';
import type { Movements, Purse } from './statement.ts';

/** One account of the ledger. Ids: `<acc>/available`, `<acc>/earned`, `<clu>/hold`, `network/fee/<stripe>`, `network/faucet/<acc>`. */
export interface BalanceRow {
  readonly kind: 'balance';
  readonly id: string;
  readonly currency: Currency;
  readonly amountMicro: bigint;
}

/** A balanced movement of money: its lines sum to zero. */
export interface EntryRow {
  readonly kind: 'entry';
  readonly id: EntryId;
  readonly at: Instant;
  readonly entry: EntryKind;
  readonly currency: Currency;
  readonly account: AccountId;
  readonly subject: string;
  readonly lines: readonly { readonly account: string; readonly amountMicro: bigint }[];
}

/** What has been counted of an account's month: its entries up to `after`, of its own and of those that it earned by. Ids: `<acc>/2026-11`. */
export interface StatementRow {
  readonly kind: 'statement';
  readonly id: string;
  readonly opening: Purse;
  readonly movements: Movements;
  readonly after: { readonly own: string | null; readonly earned: string | null };
  /** The month is over, and all of its entries are counted. */
  readonly isWhole: boolean;
}

export interface ReceiptRow {
  readonly kind: 'receipt';
  readonly id: ClusterId;
  readonly receipt: Receipt;
}

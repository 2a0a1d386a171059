// The rows of the ledger: balances, the entries that move them, and receipts.
import type { AccountId, ClusterId, Currency, EntryId, Instant, Receipt } from '@iog/protocol';

/** One account of the ledger. Ids: `<acc>/available`, `<acc>/earned`, `<clu>/hold`, `network/fee/<stripe>`, `network/faucet`. */
export interface BalanceRow {
  readonly kind: 'balance';
  readonly id: string;
  readonly currency: Currency;
  readonly amountMicro: bigint;
}

export type EntryKind = 'faucet' | 'hold' | 'accrual' | 'refund';

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

export interface ReceiptRow {
  readonly kind: 'receipt';
  readonly id: ClusterId;
  readonly receipt: Receipt;
}

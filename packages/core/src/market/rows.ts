// The rows of the market: price books, and the history of prices.
import type { AccountId, Instant, PriceSample, Prices } from '@iog/protocol';

/** A supplier's prices for all its devices that follow them. `pricedTo`: the last device that has them already; null: all have. */
export interface BookRow {
  readonly kind: 'book';
  readonly id: AccountId;
  readonly prices: Prices;
  readonly revision: number;
  readonly at: Instant;
  readonly pricedTo: string | null;
}

/** The prices of one class on one day, a sample an hour. Ids: `<class>/2026-11-24`. */
export interface PriceRow {
  readonly kind: 'price';
  readonly id: string;
  readonly class: string;
  readonly day: Instant;
  readonly samples: readonly PriceSample[];
}

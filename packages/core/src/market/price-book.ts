// A supplier's price book: one set of prices for all its devices that follow it. A device with prices of its own does not.
import { type AccountId, type Instant, type Prices, type PriceBook } from '@iog/protocol';
import type { BookRow, DeviceRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { checkPrices } from '../fleet/device.ts';

/** The book with these prices. Its devices are not touched here: they are repriced some at a time. Rejects `request.refused`. */
export function setBook(before: BookRow | undefined, account: AccountId, prices: Prices, now: Instant): Decision<BookRow> {
  const wrong = checkPrices(prices, { gpus: [] });
  if (wrong) return { ok: false, rejection: wrong };
  const book: BookRow = { kind: 'book', id: account, prices, revision: (before?.revision ?? 0) + 1, at: now, pricedTo: '' };
  return accept([book], book);
}

/** These devices at the book's prices, and how far it has come; `pricedTo` null: all follow it. A device whose GPU has no price keeps its own. */
export function repriceSome(book: BookRow, devices: readonly DeviceRow[], pricedTo: string | null): readonly (DeviceRow | BookRow)[] {
  const repriced = devices.flatMap((device) => {
    const follows = device.followsBook && device.state !== 'removed' && device.account === book.id;
    if (!follows || isSame(device.prices, book.prices) || checkPrices(book.prices, device.units)) return [];
    return [{ ...device, prices: book.prices }];
  });
  return [...repriced, { ...book, pricedTo }];
}

/** From now on its prices are the book's. Rejects `device.removed`, `request.refused` where the book has no price for its GPUs. */
export function followBook(device: DeviceRow, book: BookRow | undefined): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  const prices = book?.prices ?? device.prices;
  const wrong = checkPrices(prices, device.units);
  if (wrong) return { ok: false, rejection: wrong };
  const follower: DeviceRow = { ...device, prices, followsBook: true };
  return accept([follower], follower);
}

export function bookView(book: BookRow | undefined): PriceBook {
  if (!book) return { prices: null, revision: 0, setAt: null, isMoving: false };
  return { prices: book.prices, revision: book.revision, setAt: book.at, isMoving: book.pricedTo !== null };
}

function isSame(a: Prices, b: Prices): boolean {
  const gpus = Object.entries(a.gpuMicro);
  return (
    a.coreMicro === b.coreMicro &&
    a.memoryGbMicro === b.memoryGbMicro &&
    gpus.length === Object.keys(b.gpuMicro).length &&
    gpus.every(([model, micro]) => b.gpuMicro[model] === micro)
  );
}

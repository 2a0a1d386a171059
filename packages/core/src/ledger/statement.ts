// The statement of an account for one month: what it had, what each kind of entry moved, what it had then. From entries alone, to the last unit.
import {
  type AccountId,
  type Currency,
  type EntryId,
  type EntryKind,
  type Instant,
  type StatementView,
  boundsOf,
  makeId,
  monthOf,
} from '@iog/protocol';
import type { EntryRow } from '../rows.ts';
import { availableOf, earnedOf } from './entry.ts';

/** What an account can spend, what its clusters hold of it, what its devices have earned. */
export interface Purse {
  readonly availableMicro: bigint;
  readonly heldMicro: bigint;
  readonly earnedMicro: bigint;
}
export interface Moved extends Purse {
  readonly count: number;
}
export type Movements = Readonly<Partial<Record<EntryKind, Moved>>>;

export const emptyPurse: Purse = { availableMicro: 0n, heldMicro: 0n, earnedMicro: 0n };

/** The months from the one to the other, both included, oldest first. */
export function monthsBetween(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = first; month <= last; month = monthOf(boundsOf(month).to)) months.push(month);
  return months;
}

/**
 * An entry belongs to the time that its id says, also where months and filters end: ids are what lists are ordered by. No id made at `at` or
 * later comes before this.
 */
export function firstEntryAt(at: Instant): EntryId {
  return makeId('ent', at, new Uint8Array(16));
}

/** Adds what an entry moves for this account; the same movements where that is nothing. */
export function addEntry(movements: Movements, account: AccountId, { entry, account: owner, lines }: EntryRow): Movements {
  let [availableMicro, heldMicro, earnedMicro, isOurs] = [0n, 0n, 0n, false];
  for (const line of lines) {
    const isHeld = owner === account && line.account.endsWith('/hold');
    if (line.account === availableOf(account)) availableMicro += line.amountMicro;
    else if (line.account === earnedOf(account)) earnedMicro += line.amountMicro;
    else if (isHeld) heldMicro += line.amountMicro;
    else continue;
    isOurs = true;
  }
  if (!isOurs) return movements;
  const { count, ...before } = movements[entry] ?? { ...emptyPurse, count: 0 };
  return { ...movements, [entry]: { ...added(before, { availableMicro, heldMicro, earnedMicro }), count: count + 1 } };
}

export function closingOf(opening: Purse, movements: Movements): Purse {
  return Object.values(movements).reduce<Purse>(added, opening);
}

export interface StatementTold {
  readonly account: AccountId;
  readonly currency: Currency;
  readonly month: string;
  readonly opening: Purse;
  readonly movements: Movements;
  /** Nothing is added to it any more. */
  readonly isWhole: boolean;
}

export function statementView({ account, currency, month, opening, movements, isWhole }: StatementTold): StatementView {
  const { from, to } = boundsOf(month);
  const kinds = Object.entries(movements).toSorted(([a], [b]) => (a < b ? -1 : 1)) as [EntryKind, Moved][];
  return {
    account,
    currency,
    month,
    from,
    to,
    isWhole,
    opening: spelled(opening),
    movements: kinds.map(([kind, moved]) => ({ kind, count: moved.count, ...spelled(moved) })),
    closing: spelled(closingOf(opening, movements)),
  };
}

function added(a: Purse, b: Purse): Purse {
  return {
    availableMicro: a.availableMicro + b.availableMicro,
    heldMicro: a.heldMicro + b.heldMicro,
    earnedMicro: a.earnedMicro + b.earnedMicro,
  };
}

function spelled({ availableMicro, heldMicro, earnedMicro }: Purse): StatementView['opening'] {
  return { availableMicro: String(availableMicro), heldMicro: String(heldMicro), earnedMicro: String(earnedMicro) };
}

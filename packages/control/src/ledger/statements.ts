// Statements: entries are counted once. What is counted of a month is kept, so that the next request goes on from there.
import { type AccountId, type StatementView, boundsOf, idTime, monthOf } from '@iog/protocol';
import {
  type EntryRow,
  type Movements,
  type StatementRow,
  addEntry,
  closingOf,
  emptyPurse,
  firstEntryAt,
  monthsBetween,
  statementView,
} from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import { type Outcome, answer, refuse } from '../command.ts';
import { StoreFault, type StoredRow, type Versioned, cursorOf } from '../store/store.ts';

const pageRows = 500;
/** Entries that one request counts at most: beyond, what it has come to is kept, and the caller asks again. */
const mostPages = 400;
/** An entry is committed at most so long after its id was made: what is younger is counted anew each time. */
const settledAfterMs = 3_600_000;

const sides = ['own', 'earned'] as const;
type Side = (typeof sides)[number];
const indexOf = { own: 'account', earned: 'earned' } as const;

/** Rejects `request.refused` for a month to come, and where there is more to count than one request does. */
export async function statementShown(ports: ControlPorts, account: AccountId, month: string): Promise<Outcome<StatementView>> {
  const now = ports.clock.now();
  if (month > monthOf(now)) return refuse({ code: 'request.refused', context: { detail: `the month ${month} has not begun` } });
  const first = await firstMonth(ports, account, month);
  const months = monthsBetween(first, month);
  const kept = await ports.store.load(months.map((each) => ({ kind: 'statement', id: `${account}/${each}` })));
  const whole = kept.findLastIndex((found) => (found?.row as StatementRow | undefined)?.isWhole === true);

  let opening = emptyPurse;
  let told: Counted = { movements: {}, isWhole: false };
  let pages = mostPages;
  let isSettled = true;
  for (const [i, each] of months.entries()) {
    if (i < whole) continue;
    const before = kept[i] as Versioned<StoredRow & StatementRow> | undefined;
    if (before?.row.isWhole === true) {
      told = before.row;
      opening = before.row.opening;
    } else {
      const counted = await count({ ports, account, month: each, opening, before: isSettled ? before : undefined, pages, now, isSettled });
      pages -= counted.pages;
      if (counted.isCut)
        return refuse({ code: 'request.refused', context: { detail: 'more is to be counted than one request counts: ask again' } });
      told = counted;
      isSettled &&= counted.isWhole;
    }
    if (each !== month) opening = closingOf(opening, told.movements);
  }
  return answer(statementView({ account, currency: ports.currency, month, opening, movements: told.movements, isWhole: told.isWhole }));
}

interface Counted {
  readonly movements: Movements;
  readonly isWhole: boolean;
}

async function firstMonth(ports: ControlPorts, account: AccountId, atMost: string): Promise<string> {
  const firsts = await Promise.all(
    sides.map((side) => ports.store.query({ kind: 'entry', index: indexOf[side], equals: account, limit: 1 })),
  );
  const months = firsts.flatMap((found) => found.map(({ row }) => monthOf(idTime((row as EntryRow).id))));
  return [...months, atMost].toSorted()[0] ?? atMost;
}

interface Counting {
  readonly ports: ControlPorts;
  readonly account: AccountId;
  readonly month: string;
  readonly opening: StatementRow['opening'];
  readonly before: Versioned<StoredRow & StatementRow> | undefined;
  readonly pages: number;
  readonly now: number;
  /** The months before are whole: what is counted of this one may be kept. */
  readonly isSettled: boolean;
}

/** Goes on from what was kept to the end of the month, and keeps what cannot change any more. */
async function count(counting: Counting): Promise<Counted & { readonly pages: number; readonly isCut: boolean }> {
  const { ports, account, month, opening, before, now, isSettled } = counting;
  const { from, to } = boundsOf(month);
  const settledTo = firstEntryAt(Math.min(to, now - settledAfterMs));
  const end = firstEntryAt(to);
  let movements: Movements = before?.row.movements ?? {};
  let settled: Movements = movements;
  const after: Record<Side, string | null> = { ...(before?.row.after ?? { own: null, earned: null }) };
  let pages = 0;
  let isCut = false;
  for (const side of sides) {
    let cursor = after[side] ?? cursorBefore(from);
    for (let isOver = false; !isOver; pages++) {
      if (pages >= counting.pages) {
        isCut = true;
        break;
      }
      // Between pages others have their turn.
      if (pages > 0) await pause(ports);
      const found = await ports.store.query({ kind: 'entry', index: indexOf[side], equals: account, limit: pageRows, after: cursor });
      for (const each of found) {
        const row = each.row as EntryRow;
        isOver = row.id >= end;
        if (isOver) break;
        movements = addEntry(movements, account, row);
        if (row.id >= settledTo) continue;
        settled = addEntry(settled, account, row);
        after[side] = cursorOf(row, row.id);
      }
      const last = found.at(-1);
      if (!last || found.length < pageRows) isOver = true;
      else cursor = cursorOf(last.row, last.row.id);
    }
  }
  const isWhole = !isCut && now - settledAfterMs >= to;
  if (isSettled && (isWhole || pages > sides.length)) {
    const row: StatementRow = { kind: 'statement', id: `${account}/${month}`, opening, movements: settled, after, isWhole };
    await keep(ports, row, before?.version ?? 0);
  }
  return { movements, isWhole, pages, isCut };
}

/** Whoever else has counted meanwhile has counted the same; where the disk is full, it is counted again. */
async function keep(ports: ControlPorts, row: StatementRow, version: number): Promise<void> {
  try {
    await ports.store.commit({ reads: [{ key: { kind: row.kind, id: row.id }, version }], writes: [row] });
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
  }
}

function cursorBefore(at: number): string {
  // The id that stands just before any of this moment.
  const id = firstEntryAt(at).slice(0, -1);
  return cursorOf({ kind: 'entry', id }, id);
}

function pause(ports: ControlPorts): Promise<void> {
  return new Promise((resolve) => {
    ports.clock.after(0, resolve);
  });
}

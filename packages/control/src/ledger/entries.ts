// Pages of entries: by the account or by what it earned, between two moments, of one kind, about one cluster. Each costs what one page costs.
import type { AccountId, EntryView, QueryOf } from '@iog/protocol';
import { type EntryRow, earnedOf, entryView, firstEntryAt } from '@iog/core';
import type { Page } from '../paging.ts';
import { type Store, cursorOf } from '../store/store.ts';

const pageRows = 100;
/** So many rows are looked at for one page where a filter leaves some out: the page may be short, and goes on where it ended. */
const rowsLooked = 1_000;

export async function entryPage(store: Store, account: AccountId, asked: QueryOf<'entry.list'>): Promise<Page<EntryView>> {
  const { limit = pageRows, after, side = 'own', kind, subject, from, to } = asked;
  const listed =
    subject === undefined ? { index: side === 'own' ? 'account' : 'earned', equals: account } : { index: 'subject', equals: subject };
  const start = after ?? (to === undefined ? undefined : placeAt(to));
  const most = kind === undefined && subject === undefined ? limit : rowsLooked;
  const rows = await store.query({
    kind: 'entry',
    ...listed,
    limit: most,
    descending: true,
    ...(start === undefined ? {} : { after: start }),
  });

  const first = from === undefined ? '' : firstEntryAt(from);
  const items: EntryView[] = [];
  for (const { row: found } of rows) {
    const row = found as EntryRow;
    if (row.id < first) return { items, next: null };
    const isOurs = side === 'own' ? row.account === account : row.lines.some((line) => line.account === earnedOf(account));
    if (isOurs && (kind === undefined || row.entry === kind)) items.push(entryView(row));
    if (items.length === limit) return { items, next: rows.at(-1)?.row === row && rows.length < most ? null : cursorOf(row) };
  }
  const last = rows.length === most ? rows.at(-1) : undefined;
  return { items, next: last ? cursorOf(last.row) : null };
}

/** The place just before whatever was made at this moment, going back. */
function placeAt(at: number): string {
  const id = firstEntryAt(at);
  return cursorOf({ kind: 'entry', id }, id);
}

// Entries and minutes as they are shown: in lists and on the receipt alike.
import type { EntryView, MinuteView } from '@iog/protocol';
import type { EntryRow, MinuteRow } from '../rows.ts';

export function entryView({ id, at, entry, currency, subject, lines }: EntryRow): EntryView {
  return {
    id,
    at,
    kind: entry,
    currency,
    subject,
    lines: lines.map(({ account, amountMicro }) => ({ account, amountMicro: amountMicro.toString() })),
  };
}

/** One, or none while it is not decided. */
export function minuteView({ k, from, to, verdict }: MinuteRow): MinuteView[] {
  if (!verdict) return [];
  const { kind, basis, grounds, method, policy } = verdict;
  return [{ k, from, to, ms: to - from, verdict: kind, basis, grounds: [...grounds], method, policy }];
}

// iog entries: the ledger's movements, page after page as they come, as a table, JSON or CSV.
import { type EntryView, entryKinds, formatAmount } from '@iog/protocol';
import { type Command, takesNothing } from '../command.ts';
import type { Given } from '../arguments.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { csvLine } from '../terminal/csv.ts';
import { formatInstant, money, table } from '../terminal/format.ts';
import { type Sink, sinkOf } from '../terminal/sink.ts';

export const entries: Command = {
  ...takesNothing,
  name: 'entries',
  summary: "List the ledger's entries of this account, newest first",
  notes: ['Pages are written as they come: `iog entries | head` asks for no more than it shows.'],
  options: {
    kind: { type: 'string', value: '<kind>', help: `Only ${entryKinds.join(', ')}` },
    from: { type: 'string', value: '<time>', help: 'From this moment on: 2026-11-01, or 2026-11-01T12:00Z; UTC' },
    to: { type: 'string', value: '<time>', help: 'Before this moment' },
    subject: { type: 'string', value: '<cluster>', help: 'Only what is about this cluster' },
    earned: { type: 'boolean', help: "What this account's devices earned on others' clusters" },
    csv: { type: 'string', value: '<file>', help: 'Write CSV to this file, or to stdout: -' },
  },
  examples: ['iog entries --from 2026-11-01 --kind accrual', 'iog entries --csv entries.csv', 'iog entries --earned --json'],
  async run({ given, environment, terminal }) {
    const csv = given.text('csv');
    const form = csv === undefined ? (terminal.json ? jsonForm() : tableForm()) : csvForm;
    const query = filters(given);
    const sink = await sinkOf(csv, terminal);
    try {
      await withClient(environment, async (client) => {
        let isRead = await write(sink, form.head);
        for await (const page of client.pages('entry.list', { query })) {
          isRead &&= await write(sink, form.page(page));
          if (!isRead) return;
        }
        await write(sink, form.end());
      });
    } finally {
      await sink.close();
    }
  },
};

function write(sink: Sink, text: string): Promise<boolean> {
  return text === '' ? Promise.resolve(true) : sink.write(text);
}

function filters(given: Given) {
  const kind = given.text('kind');
  const known = entryKinds.find((each) => each === kind);
  if (kind !== undefined && known === undefined) throw new UsageError(`--kind takes one of ${entryKinds.join(', ')}, not "${kind}".`);
  const [from, to, subject] = [given.instant('from'), given.instant('to'), given.text('subject')];
  return {
    ...(known === undefined ? {} : { kind: known }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(subject === undefined ? {} : { subject }),
    ...(given.flag('earned') ? { side: 'earned' as const } : {}),
  };
}

interface Form {
  readonly head: string;
  page(items: readonly EntryView[]): string;
  end(): string;
}

/** One array, its items a line each. */
function jsonForm(): Form {
  let between = '';
  return {
    head: '[',
    page: (items) =>
      items
        .map((item) => {
          const line = `${between}\n  ${JSON.stringify(item)}`;
          between = ',';
          return line;
        })
        .join(''),
    end: () => '\n]\n',
  };
}

function tableForm(): Form {
  const head = ['when', 'kind', 'subject', 'account', 'amount'];
  let isFirst = true;
  return {
    head: '',
    page(items) {
      if (items.length === 0) return '';
      const rows = items.flatMap(({ at, kind, subject, currency, lines }) =>
        lines.map(({ account, amountMicro }, i) => {
          const about = i === 0 ? [formatInstant(at), kind, subject] : ['', '', ''];
          return [...about, account, money(amountMicro, currency)];
        }),
      );
      const lines = table(head, rows, [4]).split('\n');
      const shown = isFirst ? lines : lines.slice(1);
      isFirst = false;
      return shown.map((line) => `${line}\n`).join('');
    },
    end: () => (isFirst ? 'No entries.\n' : ''),
  };
}

/** A line for each account that an entry moves. Amounts are exact. */
const csvForm: Form = {
  head: csvLine(['id', 'at', 'kind', 'subject', 'account', 'amount', 'currency']),
  page: (items) =>
    items
      .flatMap(({ id, at, kind, subject, currency, lines }) =>
        lines.map(({ account, amountMicro }) =>
          csvLine([id, new Date(at).toISOString(), kind, subject, account, formatAmount(BigInt(amountMicro)), currency]),
        ),
      )
      .join(''),
  end: () => '',
};

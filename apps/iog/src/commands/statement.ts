// iog statement: a month of the account, from what it had to what it has.
import { type StatementView, formatAmount } from '@iog/protocol';
import { type Command, takesOne } from '../command.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { csvLine } from '../terminal/csv.ts';
import { table } from '../terminal/format.ts';
import { sinkOf } from '../terminal/sink.ts';

export const statement: Command = {
  ...takesOne('<month>'),
  name: 'statement',
  summary: 'Show a month of the account: opening balance, movements by kind, closing balance',
  notes: ['Months are UTC. One that is not over yet shows what there is so far.'],
  options: { csv: { type: 'string', value: '<file>', help: 'Write CSV to this file, or to stdout: -' } },
  examples: ['iog statement 2026-11', 'iog statement 2026-11 --csv november.csv', 'iog statement 2026-11 --json'],
  async run({ given, environment, terminal }) {
    const month = given.positionals[0] ?? '';
    if (!/^20[0-9]{2}-(0[1-9]|1[0-2])$/.test(month)) throw new UsageError(`"${month}" is not a month: it looks like 2026-11.`);
    const found = await withClient(environment, (client) => client.call('statement.show', { params: { month } }));
    const csv = given.text('csv');
    if (csv === undefined) return terminal.result(found, statementText(found));
    const sink = await sinkOf(csv, terminal);
    const head = ['month', 'what', 'entries', 'available', 'held', 'earned', 'currency'];
    const lines = rowsOf(found).map((row) => csvLine([found.month, ...row, found.currency]));
    await sink.write([csvLine(head), ...lines].join(''));
    await sink.close();
  },
};

function statementText(found: StatementView): string {
  const { month, currency, isWhole } = found;
  const rows = rowsOf(found);
  return [
    `${month}, ${currency}${isWhole ? '' : ', so far'}`,
    '',
    table(['', 'entries', 'available', 'held', 'earned'], rows, [1, 2, 3, 4]),
  ].join('\n');
}

function rowsOf({ opening, movements, closing }: StatementView): string[][] {
  return [
    ['opening', '', ...amounts(opening)],
    ...movements.map((moved) => [moved.kind, String(moved.count), ...amounts(moved)]),
    ['closing', '', ...amounts(closing)],
  ];
}

function amounts({ availableMicro, heldMicro, earnedMicro }: StatementView['opening']): string[] {
  return [availableMicro, heldMicro, earnedMicro].map((micro) => formatAmount(BigInt(micro)));
}

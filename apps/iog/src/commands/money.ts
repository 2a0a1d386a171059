// iog balance, faucet, receipt: where the money is, and why.
import { formatDurationMs, laptopPolicy } from '@iog/protocol';
import { type Command, takesNothing, takesOne } from '../command.ts';
import { withClient } from '../profile.ts';
import { receiptText } from '../story/receipt-text.ts';
import { reasonsOf } from '../story/unproven.ts';
import { formatInstant, money, pairs, table } from '../terminal/format.ts';
import { entries } from './entries.ts';
import { statement } from './statement.ts';

const balance: Command = {
  ...takesNothing,
  name: 'balance',
  summary: 'Show what is available, held for clusters, and earned',
  options: {},
  examples: ['iog balance'],
  async run({ environment, terminal }) {
    const found = await withClient(environment, (client) => client.call('balance.show', {}));
    const { currency, availableMicro, heldMicro, earnedMicro } = found;
    terminal.result(
      found,
      pairs([
        ['available', money(availableMicro, currency)],
        ['held', money(heldMicro, currency)],
        ['earned', money(earnedMicro, currency)],
      ]),
    );
  },
};

const faucet: Command = {
  ...takesNothing,
  name: 'faucet',
  summary: 'Draw test money, where the network gives any',
  options: { amount: { type: 'string', value: '<amount>', help: 'How much (default: all that is given)' } },
  examples: ['iog faucet --amount 10.00'],
  async run({ given, environment, terminal }) {
    const amountMicro = String(given.amount('amount') ?? laptopPolicy.faucetMicro);
    const found = await withClient(environment, (client) => client.call('faucet.draw', { body: { amountMicro } }));
    terminal.result(found, `available ${money(found.availableMicro, found.currency)}`);
  },
};

const receipt: Command = {
  ...takesOne('<cluster>'),
  name: 'receipt',
  summary: 'Show the bill of a cluster that has ended',
  options: { minutes: { type: 'boolean', help: 'Every minute with its verdict and grounds' } },
  examples: ['iog receipt clu_01j…', 'iog receipt clu_01j… --minutes', 'iog receipt clu_01j… --json'],
  async run({ given, environment, terminal }) {
    const found = await withClient(environment, (client) => client.call('receipt.show', { params: { cluster: given.id('clu', 0) } }));
    const minutes = found.leases.flatMap((lease) =>
      lease.verdicts.map((minute) => [
        lease.deviceName,
        String(minute.k),
        formatInstant(minute.from),
        formatDurationMs(minute.ms),
        minute.basis === null ? minute.verdict : `${minute.verdict} (${minute.basis})`,
        reasonsOf([minute]).join('; ') || minute.grounds.map(({ code }) => code).join(', '),
        minute.method,
      ]),
    );
    const list = given.flag('minutes')
      ? `\n\n${table(['device', 'k', 'from', 'length', 'verdict', 'grounds', 'method'], minutes, [1, 3])}`
      : '';
    terminal.result(found, receiptText(found) + list);
  },
};

export const moneyCommands: readonly Command[] = [balance, faucet, entries, statement, receipt];

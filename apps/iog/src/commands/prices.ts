// iog prices: what a supplier asks for all its devices, and what was asked on the market over time.
import { type PriceBook, type PriceSample, type Prices, formatAmount } from '@iog/protocol';
import { type Command, takesNothing } from '../command.ts';
import type { Given } from '../arguments.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { formatInstant, pairs, table } from '../terminal/format.ts';

/** What sets prices: of a book, or of a device. */
export const priceOptions = {
  core: { type: 'string', value: '<amount>', help: 'Of a core' },
  memory: { type: 'string', value: '<amount>', help: 'Of a GB (10⁹ bytes) of memory' },
  gpu: { type: 'string', value: '<model=amount>', multiple: true, help: 'Of a GPU of that model; may be repeated' },
} as const;

/** These prices with what was given in place of theirs; undefined where nothing was. */
export function pricesGiven(given: Given): ((before: Prices) => Prices) | undefined {
  const [core, memory] = [given.amount('core'), given.amount('memory')];
  const gpus = given.texts('gpu').map(gpuPrice);
  if (core === undefined && memory === undefined && gpus.length === 0) return undefined;
  return (before) => ({
    coreMicro: core === undefined ? before.coreMicro : String(core),
    memoryGbMicro: memory === undefined ? before.memoryGbMicro : String(memory),
    gpuMicro: { ...before.gpuMicro, ...Object.fromEntries(gpus) },
  });
}

function gpuPrice(text: string): readonly [string, string] {
  const match = /^(.+)=([0-9]{1,9})(?:\.([0-9]{1,6}))?$/.exec(text);
  if (!match) throw new UsageError(`--gpu takes a model and an amount such as "NVIDIA L4=0.80", not "${text}".`);
  return [match[1] ?? '', String(BigInt(match[2] ?? '0') * 1_000_000n + BigInt((match[3] ?? '').padEnd(6, '0')))];
}

const show: Command = {
  ...takesNothing,
  name: 'prices show',
  summary: 'Show the price book that your devices follow',
  options: {},
  examples: ['iog prices show'],
  async run({ environment, terminal }) {
    const found = await withClient(environment, (client) => client.call('price.book', {}));
    terminal.result(found, bookText(found));
  },
};

const set: Command = {
  ...takesNothing,
  name: 'prices set',
  summary: 'Set the price book, per hour; what is not named stays',
  notes: ['Devices that follow it are repriced within some seconds. Quotes and leases keep the prices that they have.'],
  options: priceOptions,
  examples: ['iog prices set --core 0.05 --memory 0.004 --gpu "NVIDIA L4=0.80" --gpu default=1.50'],
  async run({ given, environment, terminal }) {
    const changed = pricesGiven(given);
    if (!changed) throw new UsageError('`iog prices set` needs a price: --core, --memory or --gpu. What they are now: `iog prices show`.');
    const found = await withClient(environment, async (client) => {
      const { prices } = await client.call('price.book', {});
      // Without a book, devices have had the network's prices.
      const before = prices ?? { coreMicro: '', memoryGbMicro: '', gpuMicro: {} };
      const body = changed(before);
      if (body.coreMicro === '' || body.memoryGbMicro === '') throw new UsageError('The first price book needs --core and --memory.');
      return client.call('price.set', { body });
    });
    terminal.result(found, bookText(found));
  },
};

const history: Command = {
  ...takesNothing,
  name: 'prices history',
  summary: 'Show what a class was offered and rented for, hour by hour',
  options: {
    class: { type: 'string', value: '<class>', help: 'core (the default), memory (a GB), or a model of GPU' },
    from: { type: 'string', value: '<time>', help: 'From this moment on: 2026-11-01, or 2026-11-01T12:00Z; UTC' },
    to: { type: 'string', value: '<time>', help: 'Before this moment' },
  },
  examples: ['iog prices history --from 2026-11-01', 'iog prices history --class "NVIDIA L4" --json'],
  async run({ given, environment, terminal }) {
    const [from, to] = [given.instant('from'), given.instant('to')];
    const query = { class: given.name('class') ?? 'core', ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const found: PriceSample[] = [];
    await withClient(environment, async (client) => {
      for await (const page of client.pages('price.list', { query })) found.push(...page);
    });
    terminal.result(
      found,
      found.length === 0
        ? `No prices of ${query.class} are known${from === undefined && to === undefined ? ' yet' : ' of that time'}: a sample is kept each hour.`
        : historyText(found),
    );
  },
};

function bookText({ prices, setAt, isMoving }: PriceBook): string {
  if (prices === null) return 'No price book is set: devices have their own prices, or the network’s. Set one: `iog prices set`.';
  return pairs([
    ['core', `${formatAmount(BigInt(prices.coreMicro))} an hour`],
    ['memory', `${formatAmount(BigInt(prices.memoryGbMicro))} an hour and GB`],
    ...Object.entries(prices.gpuMicro).map(([model, micro]) => [`gpu ${model}`, `${formatAmount(BigInt(micro))} an hour`] as const),
    ['set', setAt === null ? '-' : formatInstant(setAt)],
    ['devices', isMoving ? 'being repriced' : 'all that follow it have these prices'],
  ]);
}

function historyText(samples: readonly PriceSample[]): string {
  const rows = samples.map((each) => [formatInstant(each.at), ...sampleCells(each)]);
  return table(['when', ...sampleHead], rows, [1, 2, 3, 4, 5, 6, 7]);
}

export const sampleHead = ['devices', 'free', 'rented', 'lowest', 'median', 'highest', 'rented at'];
export function sampleCells({ devices, free, rented, offered, rentedAt }: PriceSample): string[] {
  const prices = [offered?.minMicro, offered?.medianMicro, offered?.maxMicro, rentedAt?.medianMicro].map(told);
  return [String(devices), String(free), String(rented), ...prices];
}

function told(micro: string | undefined): string {
  return micro === undefined ? '-' : formatAmount(BigInt(micro));
}

export const priceCommands: readonly Command[] = [show, set, history];

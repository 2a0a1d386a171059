// iog offers, iog quote: what there is to rent, and what it would cost.
import type { IogClient } from '@iog/client';
import { formatAmount, formatDurationMs, type MarketLine, type OfferView, type Quote, type QuoteAnswer } from '@iog/protocol';
import { type Command, takesNothing } from '../command.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { countOf, formatBytes, money, pairs, table } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { demandOf, demandOptions } from './demand.ts';
import { sampleCells, sampleHead } from './prices.ts';

const mostOffers = 200;

const offers: Command = {
  ...takesNothing,
  name: 'offers',
  summary: 'Show what may be rented now, with prices per hour',
  notes: ['Sums by class and region are of the last look at all devices, at most some minutes old.'],
  options: {
    'by-class': { type: 'boolean', help: 'Sums by class (core, memory, models of GPU) and region, instead of devices' },
    class: { type: 'string', value: '<class>', help: 'With --by-class: only this class' },
    region: { type: 'string', value: '<region>', help: 'With --by-class: only this region' },
    limit: { type: 'string', value: '<n>', help: `At most so many devices (default: ${mostOffers})` },
  },
  examples: ['iog offers', 'iog offers --by-class --region eu', 'iog offers --json'],
  run({ given, environment, terminal }) {
    const [name, region] = [given.name('class'), given.name('region')];
    if (!given.flag('by-class') && (name !== undefined || region !== undefined))
      throw new UsageError('`iog offers` takes --class and --region with --by-class. To rent in a region: `iog quote --region <region>`.');
    const query = { ...(name === undefined ? {} : { class: name }), ...(region === undefined ? {} : { region }) };
    return withClient(environment, (client) =>
      given.flag('by-class') ? classes(client, query, terminal) : devices(client, given.count('limit') ?? mostOffers, terminal),
    );
  },
};

async function devices(client: IogClient, most: number, terminal: Terminal): Promise<void> {
  const found: OfferView[] = [];
  for await (const page of client.pages('offer.list', {})) {
    found.push(...page);
    if (found.length > most) break;
  }
  if (found.length > most) terminal.say(`These are the first ${most}: \`iog offers --by-class\` sums up all, --limit shows more.`);
  const shown = found.slice(0, most);
  terminal.result(shown, offersText(shown));
}

async function classes(client: IogClient, query: { readonly class?: string; readonly region?: string }, terminal: Terminal): Promise<void> {
  const found: MarketLine[] = [];
  for await (const page of client.pages('market.list', { query })) found.push(...page);
  const rows = found.map((line) => [line.class, line.region, ...sampleCells(line)]);
  const text = rows.length === 0 ? 'No device of this class and region was there at the last look; there is one a minute.' : '';
  terminal.result(found, text || table(['class', 'region', ...sampleHead], rows, [2, 3, 4, 5, 6, 7, 8]));
}

function offersText(items: readonly OfferView[]): string {
  const rows = items.map((offer) => [
    offer.name,
    offer.region,
    countOf(offer.cores, 'core'),
    formatBytes(offer.memoryBytes),
    offer.gpus.map(({ model }) => model).join(', ') || '-',
    formatAmount(BigInt(offer.prices.coreMicro)),
    formatAmount(BigInt(offer.prices.memoryGbMicro)),
    formatAmount(BigInt(offer.wholeMicroPerHour)),
    `${offer.runtime} (${offer.isolation})`,
    offer.basis,
  ]);
  const head = ['device', 'region', 'cores', 'memory', 'gpus', 'core/h', 'GB/h', 'whole/h', 'runtime', 'basis'];
  return rows.length === 0
    ? 'Nothing is on offer now. `iog offers --by-class` shows what is rented; `iog device list`, what your own devices wait for.'
    : table(head, rows, [2, 3, 5, 6, 7]);
}

const quoteCommand: Command = {
  ...takesNothing,
  name: 'quote',
  summary: 'Price nodes for a time; reserves nothing',
  options: demandOptions,
  examples: [
    'iog quote --nodes 2 --cores 1 --memory 2GB --for 30m',
    'iog quote --gpu "NVIDIA L4" --hours 4 --json > quote.json',
    'iog quote --gpu 24GB+:2 --cuda 12.8 --spread',
  ],
  async run({ given, environment, terminal }) {
    const demand = demandOf(given);
    const answer = await withClient(environment, (client) => client.call('quote.create', { body: demand }));
    terminal.result(answer, answer.quote === null ? emptyText(answer) : quoteText(answer.quote));
    return answer.quote === null ? 1 : 0;
  },
};

function quoteText(quote: Quote): string {
  const rows = quote.nodes.flatMap((node) => [
    [node.name, node.region, 'all', formatAmount(BigInt(node.rateMicroPerHour))],
    ...node.breakdown.map(({ what, count, microPerHour }) => ['', '', `${count} ${what}`, formatAmount(BigInt(microPerHour))]),
  ]);
  const sums = pairs([
    ['rate', `${money(quote.rateMicroPerHour, quote.currency)} an hour`],
    ['for', `at most ${formatDurationMs(quote.durationMs)}`],
    ['held', `${money(quote.capMicro, quote.currency)}; only proven minutes are paid, the rest comes back`],
    ['latency', quote.latencyUpToMs === null ? 'not measured' : `up to ${quote.latencyUpToMs} ms between nodes`],
    ['quote', `${quote.id}, valid for ${formatDurationMs(Math.max(0, quote.expiresAt - quote.at))}`],
  ]);
  return [table(['device', 'region', 'what', `${quote.currency}/h`], rows, [3]), '', sums, '', quote.notice].join('\n');
}

/** In the order in which they are asked; of those behind the one that left nothing, what was asked is not known to fit. */
const laterFilters: readonly (readonly [filter: string, told: string])[] = [
  ['region', 'the region'],
  ['tier', 'the tier'],
  ['reputation', 'reputation'],
  ['isolation', 'isolation'],
  ['suppliers', 'suppliers'],
  ['gpu', 'GPUs'],
  ['cuda', 'CUDA'],
  ['cores', 'cores'],
  ['memory', 'memory'],
  ['price', 'the rate (--max-rate)'],
  ['nodes', 'the number of nodes'],
];

/** A cap is compared with a price, and there is none yet. */
function notLookedAt(filters: QuoteAnswer['filters']): string {
  const seen = new Set(filters.map(({ filter }) => filter));
  const rest = laterFilters.filter(([filter]) => !seen.has(filter)).map(([, told]) => told);
  return `Not looked at: ${[...rest, 'the cap (--cap)'].join(', ')}.`;
}

/** What would match if one thing were asked for less, most devices first. */
function relaxedText(relaxed: QuoteAnswer['relaxed'] = []): readonly string[] {
  if (relaxed.length === 0) return [];
  const rows = relaxed
    .toSorted((a, b) => b.wouldMatch - a.wouldMatch)
    .map(({ filter, wouldMatch, suggestion }) => [filter, String(wouldMatch), suggestion]);
  return ['', table(['instead', 'would match', 'if asked'], rows, [1])];
}

function emptyText({ filters, emptiedBy, relaxed, reading }: QuoteAnswer): string {
  const rows = filters.map(({ filter, left, detail }) => [filter, String(left), detail]);
  return [
    `Nothing on offer fits${emptiedBy === null ? '' : `: ${emptiedBy.detail}`}.`,
    '',
    table(['filter', 'left', 'detail'], rows, [1]),
    '',
    notLookedAt(filters),
    ...relaxedText(relaxed),
    ...(reading === undefined ? [] : ['', `Note: ${reading}.`]),
  ].join('\n');
}

export const marketCommands: readonly Command[] = [offers, quoteCommand];

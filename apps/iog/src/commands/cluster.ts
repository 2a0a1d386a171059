// iog cluster: rent, look, watch, extend, end.
import { askQuote, rentCluster } from '@iog/client';
import { longestAskMs } from '@iog/protocol';
import { type Command, takesNothing, takesOne } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { untilToldToEnd } from '../network/serving.ts';
import { requireProfile, withClient } from '../profile.ts';
import { formatInstant, money } from '../terminal/format.ts';
import { endCluster } from '../story/job-story.ts';
import { clusterTable, clusterText, eventText } from './cluster-text.ts';
import { tellUnproven, verdictsOf } from './cluster-verdicts.ts';
import { demandOf, demandOptions } from './demand.ts';
import { listCommand } from './list-command.ts';

const one = { ...takesOne('<cluster>'), options: {} } as const;

const create: Command = {
  ...takesNothing,
  name: 'cluster create',
  summary: 'Rent a cluster: quote, seal its secrets, hold its cap',
  options: {
    ...demandOptions,
    name: { type: 'string', value: '<name>', help: 'Its name (default cluster)' },
    'idle-end': { type: 'string', value: '<time>', help: 'End it after so long without a job' },
  },
  examples: [
    'iog cluster create --nodes 2 --cores 1 --memory 2GB --for 1h --cap 1.00',
    'iog cluster create --name night --hours 8 --idle-end 20m',
    'iog cluster create --cores 2 --for 4h --member "4x cores=8,memory=32GB,gpu=H100:1,for=2h"',
  ],
  async run({ given, environment, terminal }) {
    const demand = demandOf(given);
    const idleEndMs = given.durationMs('idle-end');
    if (idleEndMs !== undefined && (idleEndMs < 60_000 || idleEndMs > 24 * 3_600_000))
      throw new UsageError('--idle-end takes a time from 1m to 24h.');
    const name = given.name('name') ?? 'cluster';
    const profile = requireProfile(environment);
    const cluster = await withClient(environment, async (client) => {
      const quote = await askQuote(client, demand);
      if ('nothingFits' in quote)
        throw new UserError(`Nothing on offer fits: ${quote.nothingFits}.`, 'Loosen that filter; `iog quote` shows what each left.');
      const rented = await rentCluster(client, {
        name,
        quote,
        renterRecipient: profile.ageRecipient,
        ...(profile.network === '' || profile.url !== client.url ? {} : { networkPublicKey: profile.network }),
        ...(idleEndMs === undefined ? {} : { idleEndMs }),
      });
      return rented.cluster;
    });
    terminal.result(cluster, `${clusterText(cluster)}\n\nFollow it: iog cluster watch ${cluster.id}`);
  },
};

const list = listCommand({
  name: 'cluster list',
  summary: "List the account's clusters",
  examples: ['iog cluster list'],
  items: (client) => client.items('cluster.list', {}),
  text: clusterTable,
});

const show: Command = {
  ...one,
  name: 'cluster show',
  summary: 'Show a cluster, its nodes and its money',
  examples: ['iog cluster show clu_01j…'],
  async run({ given, environment, terminal }) {
    const cluster = given.id('clu', 0);
    await withClient(environment, async (client) => {
      const view = await client.call('cluster.show', { params: { cluster } });
      terminal.result(view, clusterText(view, terminal.json ? undefined : await verdictsOf(client, view)));
    });
  },
};

const end: Command = {
  ...one,
  name: 'cluster end',
  summary: 'End a cluster; its receipt follows when its minutes are decided',
  examples: ['iog cluster end clu_01j…'],
  async run({ given, environment, terminal }) {
    const cluster = given.id('clu', 0);
    const view = await withClient(environment, async (client) => {
      await endCluster(client, cluster);
      return client.call('cluster.show', { params: { cluster } });
    });
    terminal.result(view, `${cluster} is ${view.state}. Its receipt: iog receipt ${cluster}`);
  },
};

const extend: Command = {
  ...one,
  name: 'cluster extend',
  summary: 'Keep a cluster for longer, at unchanged rates; not on a device that leaves or costs more now',
  notes: [
    'What its nodes cost in that time is held besides; what is not used comes back. Groups of nodes whose own time is over stay over.',
  ],
  options: {
    for: { type: 'string', value: '<time>', help: 'By how long: 30m, 2h' },
    cap: { type: 'string', value: '<amount>', help: 'The most that this may add to what it costs (default: all of that time)' },
  },
  examples: ['iog cluster extend clu_01j… --for 1h', 'iog cluster extend clu_01j… --for 2h --cap 0.50'],
  async run({ given, environment, terminal }) {
    const cluster = given.id('clu', 0);
    const byMs = given.durationMs('for');
    if (byMs === undefined) throw new UsageError('`iog cluster extend` needs --for with a time: --for 1h.');
    if (byMs < 60_000 || byMs > longestAskMs) throw new UsageError(`--for takes a time from 1m to ${longestAskMs / 3_600_000}h.`);
    const cap = given.amount('cap');
    const body = { byMs, ...(cap === undefined ? {} : { capMicro: String(cap) }) };
    const view = await withClient(environment, (client) => client.call('cluster.extend', { params: { cluster }, body }));
    const { endsAt, capMicro, currency } = view;
    terminal.result(view, `${cluster} goes on until ${formatInstant(endsAt)}, and costs at most ${money(capMicro, currency)} in all.`);
  },
};

const watch: Command = {
  ...one,
  name: 'cluster watch',
  summary: "Follow a cluster's events until it has ended (with --json: one event a line)",
  examples: ['iog cluster watch clu_01j…'],
  async run({ given, environment, terminal }) {
    const cluster = given.id('clu', 0);
    const stop = new AbortController();
    const { told, release } = untilToldToEnd(false);
    void told.then(() => stop.abort());
    try {
      await withClient(environment, async (client) => {
        await client.call('cluster.show', { params: { cluster } });
        if (!terminal.json) void tellUnproven(client, cluster, (line) => terminal.raw(Buffer.from(`${line}\n`)), stop.signal);
        for await (const event of client.events(cluster, 0, stop.signal)) {
          terminal.raw(Buffer.from(`${terminal.json ? JSON.stringify(event) : eventText(event)}\n`));
          if (event.kind === 'receipt.issued') stop.abort();
        }
      });
    } finally {
      stop.abort();
      release();
    }
  },
};

export const clusterCommands: readonly Command[] = [create, list, show, watch, extend, end];

// iog device: a supplier's devices.
import { isName, nameRule, type DeviceView } from '@iog/protocol';
import { type Call, type Command, takesOne } from '../command.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { deviceTokens } from './device-tokens.ts';
import { deviceTable, deviceText } from './device-text.ts';
import { listCommand } from './list-command.ts';
import { priceOptions, pricesGiven } from './prices.ts';

const one = { ...takesOne('<device>'), options: {} } as const;

async function show({ terminal }: Call, work: Promise<DeviceView>): Promise<void> {
  const view = await work;
  terminal.result(view, deviceText(view));
}

const list = listCommand({
  name: 'device list',
  summary: "List the account's devices",
  examples: ['iog device list', 'iog device list --json'],
  items: (client) => client.items('device.list', {}),
  text: deviceTable,
});

const showOne: Command = {
  ...one,
  name: 'device show',
  summary: 'Show a device',
  examples: ['iog device show dev_01j…'],
  run: (call) =>
    show(
      call,
      withClient(call.environment, (client) => client.call('device.show', { params: { device: call.given.id('dev', 0) } })),
    ),
};

const approve: Command = {
  ...takesOne('<code>'),
  name: 'device approve',
  summary: 'Approve the device that waits under a code',
  options: { region: { type: 'string', value: '<name>', help: 'Where it stands, such as eu-west; changed later by `iog device region`' } },
  examples: ['iog device approve ABCD-EFGH --region home'],
  run(call) {
    const code = (call.given.positionals[0] ?? '').toUpperCase();
    if (!/^[A-Z2-9]{4}-[A-Z2-9]{4}$/.test(code)) throw new UsageError(`"${code}" is not a code: it looks like ABCD-EFGH.`);
    const region = call.given.name('region');
    const body = { code, ...(region === undefined ? {} : { region }) };
    return show(
      call,
      withClient(call.environment, (client) => client.call('device.approve', { body })),
    );
  },
};

const region: Command = {
  name: 'device region',
  summary: 'Say where a device stands, for quotes from now on',
  usage: '<device> <region>',
  positionals: { min: 2, max: 2 },
  options: {},
  examples: ['iog device region dev_01j… eu-west'],
  run(call) {
    const device = call.given.id('dev', 0);
    const name = call.given.positionals[1] ?? '';
    if (!isName(name)) throw new UsageError(`A region takes ${nameRule}, not "${name}".`);
    return show(
      call,
      withClient(call.environment, (client) => client.call('device.region', { params: { device }, body: { region: name } })),
    );
  },
};

function steer(verb: 'drain' | 'resume' | 'remove', summary: string): Command {
  return {
    ...one,
    name: `device ${verb}`,
    summary,
    examples: [`iog device ${verb} dev_01j…`],
    run: (call) =>
      show(
        call,
        withClient(call.environment, (client) => client.call(`device.${verb}`, { params: { device: call.given.id('dev', 0) }, body: {} })),
      ),
  };
}

const price: Command = {
  ...takesOne('<device>'),
  name: 'device price',
  summary: "Set a device's own prices per hour, or let it follow your price book; what is not named stays",
  options: { ...priceOptions, follow: { type: 'boolean', help: 'No prices of its own: those of `iog prices show`, now and later' } },
  examples: [
    'iog device price dev_01j… --core 0.05 --memory 0.004',
    'iog device price dev_01j… --gpu "NVIDIA L4=0.80"',
    'iog device price dev_01j… --follow',
  ],
  run(call) {
    const { given } = call;
    const device = given.id('dev', 0);
    const changed = pricesGiven(given);
    const follows = given.flag('follow');
    if (follows && changed) throw new UsageError('`iog device price` takes prices of its own or --follow, not both.');
    if (!follows && !changed)
      throw new UsageError(
        '`iog device price` needs a price: --core, --memory or --gpu; or --follow. What it costs now: `iog device show`.',
      );
    return show(
      call,
      withClient(call.environment, async (client) => {
        if (!changed) return client.call('device.follow', { params: { device }, body: {} });
        const { prices } = await client.call('device.show', { params: { device } });
        return client.call('device.price', { params: { device }, body: changed(prices) });
      }),
    );
  },
};

export const deviceCommands: readonly Command[] = [
  list,
  showOne,
  approve,
  steer('drain', 'Let a device take no new lease'),
  steer('resume', 'Let a drained device take leases again'),
  steer('remove', 'Remove a device from the network'),
  price,
  region,
  deviceTokens,
];

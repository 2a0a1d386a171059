// iog device: a supplier's devices.
import { isName, nameRule, type DeviceView } from '@iog/protocol';
import { type Call, type Command, takesOne } from '../command.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { deviceTable, deviceText } from './device-text.ts';
import { listCommand } from './list-command.ts';

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
  summary: "Set a device's prices per hour; what is not named stays",
  options: {
    core: { type: 'string', value: '<amount>', help: 'Of a core' },
    memory: { type: 'string', value: '<amount>', help: 'Of a GB (10⁹ bytes) of memory' },
    gpu: { type: 'string', value: '<model=amount>', multiple: true, help: 'Of a GPU of that model; may be repeated' },
  },
  examples: ['iog device price dev_01j… --core 0.05 --memory 0.004', 'iog device price dev_01j… --gpu "NVIDIA L4=0.80"'],
  run(call) {
    const { given } = call;
    const device = given.id('dev', 0);
    if (['core', 'memory'].every((name) => given.text(name) === undefined) && given.texts('gpu').length === 0)
      throw new UsageError('`iog device price` needs a price: --core, --memory or --gpu. What it costs now: `iog device show`.');
    const [core, memory] = [given.amount('core'), given.amount('memory')];
    const gpus = given.texts('gpu').map(gpuPrice);
    return show(
      call,
      withClient(call.environment, async (client) => {
        const { prices } = await client.call('device.show', { params: { device } });
        const body = {
          coreMicro: core === undefined ? prices.coreMicro : String(core),
          memoryGbMicro: memory === undefined ? prices.memoryGbMicro : String(memory),
          gpuMicro: { ...prices.gpuMicro, ...Object.fromEntries(gpus) },
        };
        return client.call('device.price', { params: { device }, body });
      }),
    );
  },
};

function gpuPrice(text: string): readonly [string, string] {
  const match = /^(.+)=([0-9]{1,9})(?:\.([0-9]{1,6}))?$/.exec(text);
  if (!match) throw new UsageError(`--gpu takes a model and an amount such as "NVIDIA L4=0.80", not "${text}".`);
  return [match[1] ?? '', String(BigInt(match[2] ?? '0') * 1_000_000n + BigInt((match[3] ?? '').padEnd(6, '0')))];
}

export const deviceCommands: readonly Command[] = [
  list,
  showOne,
  approve,
  steer('drain', 'Let a device take no new lease'),
  steer('resume', 'Let a drained device take leases again'),
  steer('remove', 'Remove a device from the network'),
  price,
  region,
];

// iog worker: a device's own process, and how a device joins a network.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { logLine, serve } from '../network/serving.ts';
import { requireNetwork, withClient } from '../profile.ts';
import { formatBytes, formatCores, pairs, parseCores } from '../terminal/format.ts';
import { deviceText } from './device-text.ts';

const dir = { type: 'string', value: '<folder>', help: "The device's folder: its keys never leave it (default <home>/worker)" } as const;
const url = { type: 'string', value: '<url>', help: 'The network (default IOG_URL, else the profile)' } as const;

const join: Command = {
  name: 'worker join',
  summary: 'Enrol this machine as a device: shows a code to approve',
  usage: '',
  positionals: { min: 0, max: 0 },
  options: {
    dir,
    url,
    name: { type: 'string', value: '<name>', help: "The device's name (default device)" },
    cores: { type: 'string', value: '<list>', help: 'Cores to offer, such as 0-3,6 (default all)' },
    memory: { type: 'string', value: '<size>', help: 'Memory to offer, such as 8GB (default all)' },
  },
  examples: ['iog worker join --name attic --cores 2-5 --memory 8GB', 'iog device approve ABCD-EFGH'],
  async run({ given, environment, terminal }) {
    const { enrol, inventory } = await import('@iog/worker');
    const coresText = given.text('cores');
    const cores = coresText === undefined ? undefined : parseCores(coresText);
    if (coresText !== undefined && cores === undefined) throw new UsageError(`--cores takes a list such as 0-3,6, not "${coresText}".`);
    const memoryBytes = given.bytes('memory');
    const units = await inventory({ ...(cores === undefined ? {} : { cores }), ...(memoryBytes === undefined ? {} : { memoryBytes }) });
    terminal.say(`offers cores ${formatCores(units.cores)}, ${formatBytes(units.memoryBytes)} of memory, ${units.gpus.length} GPUs`);
    const network = given.text('url') ?? requireNetwork(environment).url;
    const folder = given.text('dir') ?? path.join(environment.home, 'worker');
    const { code, approved } = await enrol({ dir: folder, url: network, name: given.text('name') ?? 'device', units, runtime: 'process' });
    if (code !== '') terminal.say(`code ${code}\nWhoever runs the network approves it within ten minutes: iog device approve ${code}`);
    const device = await approved();
    terminal.result({ device }, `${device} is enrolled. Run it: iog worker run`);
  },
};

const run: Command = {
  name: 'worker run',
  summary: 'Run the worker of an enrolled device',
  usage: '',
  positionals: { min: 0, max: 0 },
  options: { dir, url, supervised: { type: 'boolean', help: 'End when stdin closes' } },
  examples: ['iog worker run', 'iog worker run --dir /var/lib/iog-worker --url http://127.0.0.1:8790'],
  async run({ given, environment, terminal }) {
    const network = given.text('url') ?? requireNetwork(environment).url;
    const folder = given.text('dir') ?? path.join(environment.home, 'worker');
    const { startWorker } = await import('@iog/worker');
    requireEnrolled(folder);
    const supervised = given.flag('supervised');
    const refused = (code: string, detail: string): void => terminal.say(`control refuses this device: ${detail} (${code})`);
    // All processes of the supervisor count as our own, not as foreign time.
    const own = supervised ? { rootPid: process.ppid } : {};
    const start = () => startWorker({ dir: folder, url: network, python: environment.python, log: logLine, refused, ...own });
    await serve({ supervised, terminal }, start, ({ device }) => ({
      value: { device },
      text: `${device} is running`,
    }));
  },
};

const status: Command = {
  name: 'worker status',
  summary: 'Show what the network knows of the device of this folder',
  usage: '',
  positionals: { min: 0, max: 0 },
  options: { dir },
  examples: ['iog worker status', 'iog worker status --dir ~/.iog/network/worker-1'],
  async run({ given, environment, terminal }) {
    const folder = given.text('dir') ?? path.join(environment.home, 'worker');
    const { device, url: network } = requireEnrolled(folder);
    if (device === null)
      return terminal.result(
        { device, url: network },
        pairs([
          ['network', network],
          ['state', 'waits for approval'],
        ]),
      );
    const view = await withClient(environment, (client) => client.call('device.show', { params: { device: device as never } }));
    terminal.result(view, deviceText(view));
  },
};

function requireEnrolled(folder: string): { readonly device: string | null; readonly url: string } {
  const file = path.join(folder, 'membership.json');
  if (!existsSync(file)) throw new UserError(`${folder} holds no enrolled device.`, 'Enrol it: `iog worker join`.');
  return JSON.parse(readFileSync(file, 'utf8')) as { device: string | null; url: string };
}

export const workerCommands: readonly Command[] = [join, run, status];

// iog worker: a device's own process, and how a device joins a network.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isApiSecret } from '@iog/seal';
import { type Command, takesNothing } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { logLine, serve } from '../network/serving.ts';
import { requireNetwork, withClient } from '../profile.ts';
import { countOf, formatBytes, formatCores, pairs, parseCores } from '../terminal/format.ts';
import { deviceText } from './device-text.ts';

const dir = { type: 'string', value: '<folder>', help: "The device's folder: its keys never leave it (default <home>/worker)" } as const;
const url = {
  type: 'string',
  value: '<url>',
  help: 'The network (default IOG_URL, else the profile); several controls of one are separated by commas',
} as const;

const join: Command = {
  ...takesNothing,
  name: 'worker join',
  summary: 'Enrol this machine as a device: shows a code to approve',
  options: {
    dir,
    url,
    name: { type: 'string', value: '<name>', help: "The device's name (default device)" },
    cores: { type: 'string', value: '<list>', help: 'Cores to offer, such as 0-3,6 (default all)' },
    memory: { type: 'string', value: '<size>', help: 'Memory to offer, such as 8GB (default all)' },
    'token-file': {
      type: 'string',
      value: '<file>',
      help: 'A file that holds the secret of a join token: nobody need approve (`iog device tokens create`)',
    },
    'share-cores': { type: 'boolean', help: 'Another device of this machine may offer these cores too: both compete for them' },
  },
  examples: [
    'iog worker join --name attic --cores 2-5 --memory 8GB',
    'iog device approve ABCD-EFGH',
    'iog worker join --name node-17 --token-file rack.token --url http://127.0.0.1:8790',
  ],
  async run({ given, environment, terminal }) {
    const { enrol, hostCores, inventory, membership } = await import('@iog/worker');
    const coresText = given.text('cores');
    const cores = coresText === undefined ? undefined : parseCores(coresText);
    if (coresText !== undefined && cores === undefined) throw new UsageError(`--cores takes a list such as 0-3,6, not "${coresText}".`);
    const memoryBytes = given.bytes('memory');
    requireHas(await inventory(), hostCores(), { cores, memoryBytes });
    const units = await inventory({ ...(cores === undefined ? {} : { cores }), ...(memoryBytes === undefined ? {} : { memoryBytes }) });
    const network = given.text('url') ?? requireNetwork(environment).url;
    const folder = given.text('dir') ?? path.join(environment.home, 'worker');
    const name = given.name('name') ?? 'device';
    const shareCores = given.flag('share-cores');
    const tokenFile = given.text('token-file');
    const token = tokenFile === undefined ? {} : { token: secretIn(tokenFile) };
    const before = membership(folder);
    const holds = before !== undefined && before.device !== null && before.removed !== true;
    const { code, approved } = await enrol({ dir: folder, url: network, name, units, runtime: 'process', shareCores, ...token });
    if (holds)
      terminal.say('This folder holds a device already, and what it offers stays as it is. For another device give another --dir.');
    else
      terminal.say(`offers ${formatCores(units.cores)}, ${formatBytes(units.memoryBytes)} of memory, ${countOf(units.gpus.length, 'GPU')}`);
    if (code !== '')
      terminal.say(
        `code ${code}\nApprove it within ten minutes, in another terminal, with a key that has supply: iog device approve ${code}`,
      );
    const device = await approved();
    terminal.result({ device }, `${device} is enrolled. Run it: iog worker run${dirWords(given.text('dir'))}`);
  },
};

const run: Command = {
  ...takesNothing,
  name: 'worker run',
  summary: 'Run the worker of an enrolled device',
  options: {
    dir,
    url: { ...url, help: 'The network (default IOG_URL, else the one it enrolled in)' },
    supervised: { type: 'boolean', help: 'End when stdin closes' },
  },
  examples: ['iog worker run', 'iog worker run --dir /var/lib/iog-worker --url http://127.0.0.1:8790'],
  async run({ given, environment, terminal }) {
    const folder = given.text('dir') ?? path.join(environment.home, 'worker');
    const { startWorker } = await import('@iog/worker');
    const enrolled = requireEnrolled(folder);
    if (enrolled.removed === true) throw refusal('device.removed', '', given.text('dir'));
    if (enrolled.device === null) throw new UserError(`The device in ${folder} waits for its approval.`, awaitingWords(given.text('dir')));
    // Where it enrolled: the profile here may be of another network, and a second machine has none.
    const network = given.text('url') ?? environment.url ?? enrolled.url;
    const supervised = given.flag('supervised');
    const { promise: over, resolve } = Promise.withResolvers<Error>();
    const refused = (code: string, detail: string): void => resolve(refusal(code, detail, given.text('dir')));
    // All processes of the supervisor count as our own, not as foreign time.
    const own = supervised ? { rootPid: process.ppid } : {};
    // A worker whose supervisor was killed takes a while to end; one that a person started is simply there.
    const wait = supervised ? {} : { inUseWithinMs: 1_000 };
    const start = () =>
      startWorker({ dir: folder, url: network, python: environment.python, log: logLine, refused, ...own, ...wait }).catch(
        (error: unknown) => {
          throw supervised ? error : inUse(error, folder);
        },
      );
    await serve({ supervised, terminal }, start, ({ device }) => ({ value: { device }, text: `${device} is running` }), over);
  },
};

const status: Command = {
  ...takesNothing,
  name: 'worker status',
  summary: 'Show what the network knows of the device of this folder',
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

/** A file alone: an argument would be read by every user of the host, and stay in the shell's history. */
function secretIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`, 'Give the file that `iog device tokens create` wrote.');
  }
  if (isApiSecret(text)) return text;
  throw new UserError(`${file} holds no join token.`, 'Give the file that `iog device tokens create` wrote.');
}

/** What is offered must be there: else a typing error would enrol something else. */
function requireHas(
  host: { readonly memoryBytes: number },
  here: readonly number[],
  { cores, memoryBytes }: { readonly cores: readonly number[] | undefined; readonly memoryBytes: number | undefined },
): void {
  const missing = (cores ?? []).filter((core) => !here.includes(core));
  if (missing.length > 0) throw new UsageError(`--cores names ${formatCores(missing)} that this host lacks: it has ${formatCores(here)}.`);
  if (memoryBytes !== undefined && memoryBytes > host.memoryBytes)
    throw new UsageError(`--memory is ${formatBytes(memoryBytes)}; this host has ${formatBytes(host.memoryBytes)}.`);
}

function awaitingWords(folder: string | undefined): string {
  return `Approve it: \`iog device approve <code>\`; \`iog worker join${dirWords(folder)}\` shows the code.`;
}

function dirWords(folder: string | undefined): string {
  if (folder === undefined) return '';
  return ` --dir ${/^[A-Za-z0-9_./~-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`}`;
}

function refusal(code: string, detail: string, folder: string | undefined): UserError {
  const anew = `iog worker join${dirWords(folder)}`;
  if (code === 'device.removed') return new UserError('This device was removed from the network.', `Enrol it anew: \`${anew}\`.`);
  return new UserError(
    `The network refuses this device: ${detail} (${code})`,
    'Check --url, and that this build is not older than the network.',
  );
}

function inUse(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || error.name !== 'DeviceInUse') return error;
  const { pid } = error as Error & { readonly pid?: number };
  const by = pid === undefined ? '' : `, process ${pid}`;
  return new UserError(`The device in ${folder} is run by another worker already${by}.`, 'Stop that one first, or give another --dir.');
}

function requireEnrolled(folder: string): { readonly device: string | null; readonly url: string; readonly removed?: boolean } {
  const file = path.join(folder, 'membership.json');
  if (!existsSync(file)) throw new UserError(`${folder} holds no enrolled device.`, 'Enrol it: `iog worker join`.');
  return JSON.parse(readFileSync(file, 'utf8')) as { device: string | null; url: string; removed?: boolean };
}

export const workerCommands: readonly Command[] = [join, run, status];

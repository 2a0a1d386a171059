// iog device tokens: join tokens, by which many hosts enrol without a person.
import { writeFileSync } from 'node:fs';
import { hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import type { Call, Command } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { formatInstant, table } from '../terminal/format.ts';

const usualLiveMs = 24 * 3_600_000;

export const deviceTokens: Command = {
  name: 'device tokens',
  summary: 'List join tokens; make one by which many hosts enrol without a person, or revoke one',
  usage: '[create | revoke <token>]',
  positionals: { min: 0, max: 2 },
  notes: [
    'create writes the secret to --file, mode 0600, and shows it nowhere: hosts join with `iog worker join --token-file <file>`.',
    'A token ends with the key that made it; devices that it let in stay.',
    'A host that comes again with the same device key is the same device, and counts no further use.',
  ],
  options: {
    file: { type: 'string', value: '<file>', help: 'create: where the secret goes; it must not be there yet' },
    name: { type: 'string', value: '<name>', help: 'create: its name (default token)' },
    count: { type: 'string', value: '<n>', help: 'create: how many devices it lets in (default 1)' },
    expires: { type: 'string', value: '<time>', help: 'create: after how long it ends: 12h, 30d (default 24h)' },
    region: { type: 'string', value: '<name>', help: 'create: where its devices stand' },
    prefix: { type: 'string', value: '<text>', help: "create: goes before its devices' names" },
    core: { type: 'string', value: '<amount>', help: 'create: price per hour of a core; with --memory' },
    memory: { type: 'string', value: '<amount>', help: 'create: price per hour of a GB of memory; with --core' },
    gpu: { type: 'string', value: '<amount>', help: 'create: price per hour of any GPU; with --core and --memory' },
  },
  examples: [
    'iog device tokens',
    'iog device tokens create --file rack.token --count 16 --expires 7d --region eu-west --prefix rack-',
    'iog device tokens revoke tok_01j…',
  ],
  run(call) {
    const [verb, ...rest] = call.given.positionals;
    if (verb === undefined) return list(call);
    if (verb === 'create' && rest.length === 0) return create(call);
    if (verb === 'revoke' && rest.length === 1) return revoke(call);
    throw new UsageError('It takes nothing, `create`, or `revoke <token>`.');
  },
};

async function list({ environment, terminal }: Call): Promise<void> {
  const items = await withClient(environment, (client) => client.items('token.list', {}));
  const rows = items.map(({ id, name, state, uses, most, expiresAt, region, namePrefix }) => [
    id,
    name,
    state,
    `${uses} of ${most}`,
    formatInstant(expiresAt),
    region ?? '-',
    namePrefix === '' ? '-' : namePrefix,
  ]);
  const head = ['token', 'name', 'state', 'uses', 'until', 'region', 'prefix'];
  terminal.result(items, rows.length === 0 ? 'No join tokens. Make one: `iog device tokens create --file <file>`.' : table(head, rows));
}

async function create({ given, environment, terminal }: Call): Promise<void> {
  const file = given.text('file');
  if (file === undefined) throw new UsageError('`iog device tokens create` needs --file: the secret is shown nowhere else.');
  const [region, namePrefix, prices] = [given.name('region'), given.text('prefix'), pricesOf(given)];
  const secret = makeApiSecret(randomBytes(32));
  // Before the token is made: one whose secret could not be kept is good for nothing.
  try {
    writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new UserError(`${file} cannot be made: ${(error as Error).message}`, 'Give --file the name of a file that is not there yet.');
  }
  const body = {
    name: given.name('name') ?? 'token',
    hash: hashApiSecret(secret),
    most: given.count('count', { min: 1 }) ?? 1,
    expiresAt: Date.now() + (given.durationMs('expires') ?? usualLiveMs),
    ...(region === undefined ? {} : { region }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
    ...(prices === undefined ? {} : { prices }),
  };
  const token = await withClient(environment, (client) => client.call('token.create', { body }));
  terminal.result(token, `${token.id} lets in ${token.most} until ${formatInstant(token.expiresAt)}; its secret is in ${file}`);
}

function pricesOf(given: Call['given']) {
  const [core, memory, gpu] = [given.amount('core'), given.amount('memory'), given.amount('gpu')];
  if (core === undefined && memory === undefined && gpu === undefined) return undefined;
  if (core === undefined || memory === undefined)
    throw new UsageError('Prices of a token are told together: --core and --memory, and --gpu.');
  const gpuMicro: Record<string, string> = gpu === undefined ? {} : { default: String(gpu) };
  return { coreMicro: String(core), memoryGbMicro: String(memory), gpuMicro };
}

async function revoke({ given, environment, terminal }: Call): Promise<void> {
  const token = given.id('tok', 1);
  const view = await withClient(environment, (client) => client.call('token.revoke', { params: { token }, body: {} }));
  terminal.result(view, `${view.id} is revoked; the ${view.uses} that it let in stay.`);
}

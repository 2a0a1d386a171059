// iog control: the network's brain as a service of its own.
import path from 'node:path';
import { type Command, takesNothing } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { policyChoice } from '../network/policy-choice.ts';
import { logLine, serve } from '../network/serving.ts';
import { storeOption, storeUrl } from '../network/store-choice.ts';

export const controlCommand: Command = {
  ...takesNothing,
  name: 'control',
  summary: 'Run the control plane of a network (`iog up` does this for you)',
  options: {
    dir: { type: 'string', value: '<folder>', help: 'Where its data lies (default <home>/network/control)' },
    store: storeOption,
    host: {
      type: 'string',
      value: '<address>',
      help: 'Loopback address to listen at (default 127.0.0.1): the policy laptop is for one machine, so no other is taken',
    },
    port: { type: 'string', value: '<n>', help: 'Port there (default 0: a free one)' },
    blobs: {
      type: 'string',
      value: '<folder>',
      help: 'Where packages and logs lie: one folder for all controls of a store (default in --dir)',
    },
    policy: {
      type: 'string',
      value: '<name>',
      help: 'laptop, or production: devices need 12 GB of memory, 500 GB of disk, and a round trip of 300 ms (default the last one, at first laptop)',
    },
    name: { type: 'string', value: '<name>', help: "The network's name (default laptop)" },
    'first-account': { type: 'string', value: '<name>', help: 'Makes this account if there is none yet' },
    'first-key-hash': { type: 'string', value: '<sha256>', help: "The hash of that account's first key" },
    'first-recipient': { type: 'string', value: '<age1…>', help: "That account's age recipient" },
    'behind-proxy': {
      type: 'boolean',
      help: 'A proxy on this machine, such as one that ends TLS, asks for others: count them by its X-Forwarded-For, which it must set itself',
    },
    supervised: { type: 'boolean', help: 'End when stdin closes' },
  },
  examples: ['iog control --dir /var/lib/iog --port 8790', 'IOG_STORE=postgres://iog@db/iog iog control --dir /var/lib/iog'],
  async run({ given, environment, terminal }) {
    const dir = given.text('dir') ?? path.join(environment.home, 'network/control');
    const [account, keyHash, recipient] = [given.text('first-account'), given.text('first-key-hash'), given.text('first-recipient')];
    const some = account ?? keyHash ?? recipient;
    if (some !== undefined && (account === undefined || keyHash === undefined || recipient === undefined)) {
      throw new UsageError('--first-account, --first-key-hash and --first-recipient go together.');
    }
    const { policy, remember } = policyChoice(dir, given.text('policy'));
    const host = given.text('host') ?? '127.0.0.1';
    requireLoopback(host);
    const port = given.count('port', { min: 0, max: 65_535 }) ?? 0;
    const address = storeUrl(given, environment);
    // Loaded here alone: other commands need no control plane in memory.
    const { startControl } = await import('@iog/control');
    const { promise: over, resolve: ends } = Promise.withResolvers<Error>();
    const start = () =>
      startControl({
        dir,
        ...(given.text('blobs') === undefined ? {} : { blobs: given.text('blobs') ?? '' }),
        ...(address === undefined ? {} : { store: { kind: 'postgres', url: address } as const }),
        host,
        port,
        name: given.name('name') ?? 'laptop',
        policy,
        ...(account === undefined || keyHash === undefined || recipient === undefined
          ? {}
          : { firstAccount: { name: account, keyHash, recipient } }),
        ...(given.flag('behind-proxy') ? { behindProxy: true } : {}),
        log: logLine,
      }).then(
        (control) => {
          control.ended.catch(ends);
          remember();
          return control;
        },
        (error: unknown) => {
          throw given.flag('supervised') ? error : refusal(error, dir, port);
        },
      );
    await serve({ supervised: given.flag('supervised'), terminal }, start, greet, over);
  },
};

function greet({ url, publicKey }: { readonly url: string; readonly publicKey: string }) {
  return { value: { url, publicKey }, text: `control listens at ${url}` };
}

/** Nodes of the runtime `process` are not kept apart, and listen on loopback alone: a machine that is not this one could use none of them. */
function requireLoopback(host: string): void {
  if (/^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host) || host === '::1' || host === 'localhost') return;
  throw new UsageError(
    `--host ${host} is refused: the policy laptop has no isolation and is for one machine, so control listens on loopback only (127.0.0.1, ::1, localhost).`,
  );
}

function refusal(error: unknown, dir: string, port: number): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'store.in-use') return new UserError(`${dir} is in use by another control.`, 'Stop that one first, or give another --dir.');
  if (code === 'network.key') {
    const [what, next] = (error as Error).message.split(': ', 2);
    return new UserError(`${what}.`, `${(next ?? '').replace(/^c/, 'C')}.`);
  }
  if (code === 'EADDRINUSE') return new UserError(`Port ${port} is taken by another program.`, 'Choose another with --port.');
  if (code === 'store.unavailable') return new UserError(`${(error as Error).message}.`, 'Start its server, or correct --store.');
  return error;
}

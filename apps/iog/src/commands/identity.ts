// iog key, iog account, iog activity: who acts, with which keys, and what was done.
import path from 'node:path';
import { existsSync } from 'node:fs';
import { accountScopes, formatAmount, scopes, type Scope } from '@iog/protocol';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { type Command, takesNothing, takesOne } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { requireNetwork, withClient, writeProfile } from '../profile.ts';
import { formatInstant, pairs, table } from '../terminal/format.ts';
import { listCommand } from './list-command.ts';

const combinations = 'A renter needs read and rent, a supplier read and supply; admin makes and revokes keys; operate makes other accounts';

const keyCreate: Command = {
  ...takesNothing,
  name: 'key create',
  summary: 'Make an API key; its secret is shown this once and kept nowhere',
  options: {
    name: { type: 'string', value: '<name>', help: 'Its name (default key)' },
    scope: {
      type: 'string',
      value: '<scope>',
      multiple: true,
      help: `${scopes.join(', ')}; with commas between them, or repeated (default read). ${combinations}`,
    },
    expires: { type: 'string', value: '<time>', help: 'After how long it ends: 12h, 30d' },
    'spend-cap': { type: 'string', value: '<amount>', help: 'The most that its clusters may hold and pay in all; refunds give back' },
  },
  examples: ['iog key create --name ci --scope read,rent --expires 30d --spend-cap 5.00', 'iog key create --scope read --expires 12h'],
  async run({ given, environment, terminal }) {
    const wanted = given.texts('scope').flatMap((text) => text.split(','));
    const unknown = wanted.find((scope) => !(scopes as readonly string[]).includes(scope));
    if (unknown !== undefined) throw new UsageError(`There is no scope "${unknown}": there are ${scopes.join(', ')}.`);
    const [name, expiresMs, cap] = [given.name('name') ?? 'key', given.durationMs('expires'), given.amount('spend-cap')];
    const secret = makeApiSecret(randomBytes(32));
    const key = await withClient(environment, (client) =>
      client.call('key.create', {
        body: {
          name,
          hash: hashApiSecret(secret),
          scopes: wanted.length === 0 ? ['read'] : ([...new Set(wanted)] as Scope[]),
          ...(expiresMs === undefined ? {} : { expiresAt: Date.now() + expiresMs }),
          ...(cap === undefined ? {} : { spendCapMicro: String(cap) }),
        },
      }),
    );
    terminal.say(`${key.id} (${key.scopes.join(', ')}): the secret is shown only now.`);
    terminal.result({ ...key, secret }, secret);
  },
};

const keyList = listCommand({
  name: 'key list',
  summary: "List the account's API keys",
  examples: ['iog key list'],
  items: (client) => client.items('key.list', {}),
  text(items) {
    const rows = items.map((key) => [
      key.id,
      key.name,
      key.scopes.join(','),
      key.revokedAt === null
        ? key.expiresAt === null
          ? 'good'
          : `until ${formatInstant(key.expiresAt)}`
        : `revoked ${formatInstant(key.revokedAt)}`,
      key.spendCapMicro === null ? '-' : formatAmount(BigInt(key.spendCapMicro)),
      // A network of an earlier build tells neither.
      formatAmount(BigInt((key as Partial<typeof key>).spentMicro ?? 0)),
      (key as Partial<typeof key>).member ?? '-',
    ]);
    return table(['key', 'name', 'scopes', 'state', 'spend cap', 'spent', 'member'], rows, [4, 5]);
  },
});

const keyRevoke: Command = {
  ...takesOne('<key>'),
  name: 'key revoke',
  summary: 'Revoke an API key, at once',
  options: {},
  examples: ['iog key revoke key_01j…'],
  async run({ given, environment, terminal }) {
    const key = await withClient(environment, (client) => client.call('key.revoke', { params: { key: given.id('key', 0) }, body: {} }));
    terminal.result(key, `${key.id} is revoked.`);
  },
};

const accountCreate: Command = {
  ...takesOne('<name>'),
  name: 'account create',
  summary: 'Make another account, with a profile of its own in a new home',
  options: { home: { type: 'string', value: '<folder>', help: 'Where its profile goes (default <home>/accounts/<name>)' } },
  examples: ['iog account create bob --home ~/.iog-bob', 'IOG_HOME=~/.iog-bob iog offers'],
  async run({ given, environment, terminal }) {
    const name = given.positionals[0] ?? '';
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
      throw new UsageError(`"${name}" is not a name for an account: letters, digits, dot, dash.`);
    const home = path.resolve(given.text('home') ?? path.join(environment.home, 'accounts', name));
    if (existsSync(path.join(home, 'profile.json')))
      throw new UserError(`${home} has a profile already.`, 'Give another folder with --home.');
    const { identity, recipient } = await generateAgeIdentity();
    const secret = makeApiSecret(randomBytes(32));
    const body = {
      name,
      recipient,
      key: { name: 'first', hash: hashApiSecret(secret), scopes: [...accountScopes] },
    };
    const { url, profile } = requireNetwork(environment);
    const { account, network } = await withClient(environment, async (client) => {
      const made = await client.call('account.create', { body });
      const { publicKey } = await client.call('network.show', {});
      return { account: made.account, network: publicKey };
    });
    writeProfile(home, {
      url,
      key: secret,
      ageIdentity: identity,
      ageRecipient: recipient,
      network,
      ...(profile?.ca === undefined ? {} : { ca: profile.ca }),
    });
    terminal.result({ account, home }, `${account.id} is made. Act as ${name}: IOG_HOME=${home} iog account show`);
  },
};

const accountShow: Command = {
  ...takesNothing,
  name: 'account show',
  summary: 'Show whose key this is',
  options: {},
  examples: ['iog account show'],
  async run({ environment, terminal }) {
    const account = await withClient(environment, (client) => client.call('account.show', {}));
    terminal.result(
      account,
      pairs([
        ['account', account.id],
        ['name', account.name],
        ['created', formatInstant(account.createdAt)],
        ['recipient', account.recipient ?? 'none'],
      ]),
    );
  },
};

const activity = listCommand({
  name: 'activity',
  summary: 'List what was done in this account: when, by which key, with what outcome',
  examples: ['iog activity', 'iog activity --json'],
  items: (client) => client.items('activity.list', {}),
  text(items) {
    const rows = items.map(({ at, key, command, subject, outcome }) => [formatInstant(at), command, subject, outcome, key ?? '-']);
    return table(['when', 'command', 'subject', 'outcome', 'key'], rows);
  },
});

export const identityCommands: readonly Command[] = [keyCreate, keyList, keyRevoke, accountCreate, accountShow, activity];

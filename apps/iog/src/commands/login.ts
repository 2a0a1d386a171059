// iog login, logout, whoami: a profile for a network that runs elsewhere, and who it makes this user.
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { ApiError, iogClient, type IogClient } from '@iog/client';
import type { AnswerOf } from '@iog/protocol';
import { hashApiSecret, isApiSecret } from '@iog/seal';
import { networkAddress } from '../address.ts';
import { type Call, type Command, takesNothing, takesOne } from '../command.ts';
import { UserError } from '../failure.ts';
import { type Profile, newProfile, profileFile, profileOf, readProfile, requireNetwork, withClient, writeProfile } from '../profile.ts';
import { formatInstant, pairs } from '../terminal/format.ts';
import { readSecret } from '../terminal/secret-input.ts';
import { type JoiningKey, joiningKey } from './joining-key.ts';

const mostFileBytes = 1_000_000;
const patienceMs = 8_000;

type Network = AnswerOf<'network.show'>;
type Who = AnswerOf<'key.show'>;

const login: Command = {
  ...takesOne('<url>'),
  name: 'login',
  summary: 'Use a network that runs elsewhere: checks it, then keeps its address and your key in a profile',
  notes: [
    'The key is asked for without being shown, or read from stdin or --key-file; it is never an argument.',
    'https is required, except on this machine. Certificates are checked against those of this system, and against --ca besides.',
  ],
  options: {
    'key-file': { type: 'string', value: '<file>', help: 'Read the key from this file' },
    'invitation-file': { type: 'string', value: '<file>', help: 'Join by the invitation in this file, with a fresh key; - reads stdin' },
    name: { type: 'string', value: '<name>', help: 'Your name as a member, with an invitation (default member)' },
    ca: { type: 'string', value: '<file>', help: "Certificates (PEM) of the network's own authority; kept in the profile" },
  },
  examples: [
    'iog login https://iog.example.com',
    'iog login https://iog.example.com --invitation-file bob.invitation --name bob',
    'iog login https://iog.lan:8443 --ca lan-ca.pem --profile lan < key',
  ],
  async run(call) {
    const { given, environment, terminal } = call;
    const url = networkAddress(given.positionals[0] ?? '');
    const ca = given.text('ca') === undefined ? undefined : certificatesIn(given.text('ca') ?? '');
    const trust = ca === undefined ? {} : { ca };
    const network = await withOpen({ url, ...trust }, seeNetwork);
    terminal.say(
      `${plain(network.name)} at ${url}: policy ${plain(network.policyName)} (${network.policy.slice(0, 12)}…), money in ${plain(network.currency)}.`,
    );
    if (network.notice !== '') terminal.say(plain(network.notice));
    const before = earlier(call, network);
    const { key, forget } = await keyOf(call, url, trust);
    const who = await withOpen({ url, key, ...trust }, askWho);
    const { ageIdentity, ageRecipient } = before ?? (await newProfile(url));
    const profile: Profile = { url, key, ageIdentity, ageRecipient, network: network.publicKey, ...trust };
    writeProfile(environment.home, profile, environment.profile);
    forget();
    if (before !== undefined) terminal.say('The profile had been of this network: its key is another now, its identity is kept.');
    const file = profileFile(environment.home, environment.profile);
    terminal.result({ url, network, ...who, profile: file }, `${whoText(who, url)}\n${pairs([['profile', file]])}`);
  },
};

/** Throws UserError where the profile that would be written belongs to another network. */
function earlier({ environment: { home, profile: name } }: Call, network: Network): Profile | undefined {
  const before = readProfile(home, name);
  if (before === undefined || before.network === network.publicKey) return before;
  throw new UserError(
    `${profileFile(home, name)} is of another network, ${before.url}, and its key and identity cannot be made again.`,
    'Give this one a name of its own: --profile <name>. Or leave the other first: `iog logout`.',
  );
}

async function seeNetwork(client: IogClient): Promise<Network> {
  const found: Partial<Network> = await client.call('network.show', {});
  const isOne = [found.name, found.publicKey, found.policy, found.policyName, found.currency, found.notice].every(
    (text) => typeof text === 'string',
  );
  if (!isOne) throw new UserError(`What answers at ${client.url} is not a network of this kind.`, 'Check the address.');
  return found as Network;
}

/** The key that was given, or a fresh one that an invitation has let in. */
async function keyOf({ given, terminal, environment }: Call, url: string, trust: { readonly ca?: string }): Promise<JoiningKey> {
  const file = given.text('invitation-file');
  const ask = (prompt: string): void => terminal.say(prompt);
  if (file === undefined) {
    const keyFile = given.text('key-file');
    const key = keyFile === undefined ? await readSecret(ask, 'API key (it is not shown):') : firstLineOf(keyFile);
    if (isApiSecret(key)) return { key, forget: () => undefined };
    throw new UserError(
      'That does not look like an API key.',
      'It starts with iog_ and has 47 characters; an owner or `iog key create` makes one.',
    );
  }
  const secret = file === '-' ? await readSecret(ask, 'Invitation (it is not shown):') : firstLineOf(file);
  if (!isApiSecret(secret)) throw new UserError('That does not look like an invitation.', 'It starts with iog_ and has 47 characters.');
  const joining = joiningKey(environment, secret);
  const body = { secret, name: given.name('name') ?? 'member', key: { name: 'login', hash: hashApiSecret(joining.key) } };
  try {
    await withOpen({ url, ...trust }, (client) => client.call('invitation.accept', { body }));
  } catch (error) {
    // A network that is too busy to answer may have let it in before.
    if (error instanceof ApiError && error.problem.status < 500 && error.problem.status !== 429) joining.forget();
    throw error;
  }
  return joining;
}

async function withOpen<T>(
  options: { readonly url: string; readonly key?: string; readonly ca?: string },
  work: (client: IogClient) => Promise<T>,
): Promise<T> {
  const client = iogClient({ ...options, patienceMs });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

function certificatesIn(file: string): string {
  const text = boundedFile(file);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new UserError(`${file} holds no certificate.`, 'Give a PEM file: -----BEGIN CERTIFICATE-----.');
}

function firstLineOf(file: string): string {
  return (boundedFile(file).split(/\r?\n/, 1)[0] ?? '').trim();
}

function boundedFile(file: string): string {
  if (statSync(file).size > mostFileBytes) throw new UserError(`${file} is larger than ${mostFileBytes} bytes.`, 'Give another file.');
  return readFileSync(file, 'utf8');
}

/** Another's words at this terminal: nothing that cannot be seen, or that moves it. */
function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 512);
}

const logout: Command = {
  ...takesNothing,
  name: 'logout',
  summary: 'Forget the profile: its key, and the identity that opens what was rented with it',
  options: { revoke: { type: 'boolean', help: 'Revoke the key first, so that a copy of it opens nothing (needs the scope admin)' } },
  examples: ['iog logout', 'iog logout --profile lan --revoke'],
  async run({ given, environment, terminal }) {
    const { home, profile: name } = environment;
    const [profile, file] = [profileOf(environment), profileFile(home, name)];
    if (profile === undefined) throw new UserError(`${file} is not there: nobody is logged in.`, 'Log in: `iog login <url>`.');
    if (name === undefined && existsSync(path.join(home, 'network')))
      throw new UserError(
        `${file} is of the network that lies in ${home}: without it nobody could use that again.`,
        'For another network use --profile <name>, or another IOG_HOME.',
      );
    const revoked = given.flag('revoke') ? await withClient({ ...environment, url: undefined, key: undefined }, revokeOwn) : undefined;
    rmSync(file);
    const left = revoked === undefined ? 'The key itself goes on to work where it was copied; --revoke ends it.' : `${revoked} is revoked.`;
    terminal.result({ profile: file, url: profile.url, revoked: revoked ?? null }, `Logged out of ${profile.url}. ${left}`);
  },
};

async function revokeOwn(client: IogClient): Promise<string> {
  const { key } = await client.call('key.show', {});
  return (await client.call('key.revoke', { params: { key: key.id }, body: {} })).id;
}

const whoami: Command = {
  ...takesNothing,
  name: 'whoami',
  summary: 'Show who the network takes this user for: account, member, role, key and what it may do',
  options: {},
  examples: ['iog whoami', 'iog whoami --profile lan --json'],
  async run({ environment, terminal }) {
    const { url } = requireNetwork(environment);
    const who = await withClient(environment, askWho);
    terminal.result({ url, ...who }, whoText(who, url));
  },
};

async function askWho(client: IogClient): Promise<Who> {
  try {
    return await client.call('key.show', {});
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.code !== 'route.unknown') throw error;
    throw new UserError('This network is of an earlier build, which does not tell whose a key is.', 'Set IOG_URL and IOG_KEY for it.');
  }
}

function whoText({ account, member, key }: Who, url: string): string {
  return pairs([
    ['network', url],
    ['account', plain(`${account.name} (${account.id})`)],
    ['member', plain(`${member.name} (${member.id}), ${member.role}`)],
    ['key', plain(`${key.name} (${key.id})`) + (key.expiresAt === null ? '' : `, until ${formatInstant(key.expiresAt)}`)],
    ['may', key.scopes.join(', ')],
  ]);
}

export const loginCommands: readonly Command[] = [login, logout, whoami];

// iog member, iog invitation: who is in the account with which role, and how others come in.
import { writeFileSync } from 'node:fs';
import { type MemberRole, formatDurationMs, memberRoles, teamLimits } from '@iog/protocol';
import { hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { type Command, takesNothing, takesOne } from '../command.ts';
import { UsageError } from '../failure.ts';
import { withClient } from '../profile.ts';
import { formatInstant, table } from '../terminal/format.ts';
import { listCommand } from './list-command.ts';

const rolesSaid =
  'owner does everything and steers members, invitations and all keys; member sees, rents and supplies; viewer sees. Each makes and revokes keys of their own';
const usualExpiryMs = 7 * 24 * 3_600_000;

const memberList = listCommand({
  name: 'member list',
  summary: 'List the members of the account',
  examples: ['iog member list'],
  items: (client) => client.items('member.list', {}),
  text(items) {
    const rows = items.map(({ id, name, role, createdAt }) => [id, name, role, formatInstant(createdAt)]);
    return table(['member', 'name', 'role', 'since'], rows);
  },
});

const memberRole: Command = {
  name: 'member role',
  usage: '<member> <role>',
  positionals: { min: 2, max: 2 },
  summary: 'Give a member another role; their keys lose at once what it may not do',
  notes: [
    `Roles: ${rolesSaid}.`,
    'Keys that could do all that the old role may can do all that the new one may; narrower ones stay narrow.',
  ],
  options: {},
  examples: ['iog member role mem_01j… viewer'],
  async run({ given, environment, terminal }) {
    const params = { member: given.id('mem', 0) };
    const body = { role: roleOf(given.positionals[1]) };
    const member = await withClient(environment, (client) => client.call('member.role', { params, body }));
    terminal.result(member, `${member.name} (${member.id}) is ${member.role}.`);
  },
};

const memberRemove: Command = {
  ...takesOne('<member>'),
  name: 'member remove',
  summary: 'Take a member out of the account, with all their keys, at once; anyone may remove themselves',
  options: {},
  examples: ['iog member remove mem_01j…'],
  async run({ given, environment, terminal }) {
    const params = { member: given.id('mem', 0) };
    const member = await withClient(environment, (client) => client.call('member.remove', { params, body: {} }));
    terminal.result(member, `${member.name} (${member.id}) is a member no more; their keys are revoked, and their clusters go on.`);
  },
};

const invitationCreate: Command = {
  ...takesNothing,
  name: 'invitation create',
  summary: 'Invite one person into the account; the secret is shown this once and kept nowhere',
  notes: [
    `Roles: ${rolesSaid}.`,
    'Whoever has the secret joins, once: `iog login <url> --invitation-file <file>`. It ends with the key that made it.',
  ],
  options: {
    role: { type: 'string', value: '<role>', help: `${memberRoles.join(', ')} (default member)` },
    expires: { type: 'string', value: '<time>', help: 'After how long it ends: 12h (default 7d, at most 30d)' },
    out: { type: 'string', value: '<file>', help: 'Write the secret into a new file that only you can read, instead of showing it' },
  },
  examples: ['iog invitation create --role viewer --expires 24h', 'iog invitation create --out bob.invitation'],
  async run({ given, environment, terminal }) {
    const expiresMs = given.durationMs('expires') ?? usualExpiryMs;
    if (expiresMs > teamLimits.invitationMs) throw new UsageError(`--expires takes at most ${formatDurationMs(teamLimits.invitationMs)}.`);
    const role = roleOf(given.text('role') ?? 'member');
    const secret = makeApiSecret(randomBytes(32));
    const out = given.text('out');
    // Before it is made: a secret that could not be kept would be of no use.
    if (out !== undefined) writeFileSync(out, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    const made = await withClient(environment, async (client) => {
      const { now } = await client.call('network.show', {});
      return client.call('invitation.create', { body: { hash: hashApiSecret(secret), role, expiresAt: now + expiresMs } });
    });
    terminal.say(`${made.id}: whoever has the secret may join as ${made.role}, once, until ${formatInstant(made.expiresAt)}.`);
    if (out === undefined) terminal.result({ ...made, secret }, secret);
    else terminal.result({ ...made, file: out }, `The secret is in ${out}.`);
  },
};

const invitationList = listCommand({
  name: 'invitation list',
  summary: 'List the invitations to the account',
  examples: ['iog invitation list'],
  items: (client) => client.items('invitation.list', {}),
  text(items) {
    const rows = items.map(({ id, role, state, expiresAt, by, member }) => [id, role, state, formatInstant(expiresAt), by, member ?? '-']);
    return rows.length === 0
      ? 'Nobody is invited. Invite somebody: iog invitation create'
      : table(['invitation', 'role', 'state', 'until', 'by', 'became'], rows);
  },
});

const invitationRevoke: Command = {
  ...takesOne('<invitation>'),
  name: 'invitation revoke',
  summary: 'Take an invitation back that nobody has used',
  options: {},
  examples: ['iog invitation revoke inv_01j…'],
  async run({ given, environment, terminal }) {
    const params = { invitation: given.id('inv', 0) };
    const found = await withClient(environment, (client) => client.call('invitation.revoke', { params, body: {} }));
    terminal.result(found, `${found.id} is ${found.state}.`);
  },
};

function roleOf(text: string | undefined): MemberRole {
  const role = memberRoles.find((each) => each === text);
  if (role === undefined) throw new UsageError(`There is no role "${text ?? ''}": there are ${memberRoles.join(', ')}.`);
  return role;
}

export const teamCommands: readonly Command[] = [memberList, memberRole, memberRemove, invitationCreate, invitationList, invitationRevoke];

// identity over HTTP: the members of an account and the invitations to it.
import type { AccountId, MemberId, MemberView } from '@iog/protocol';
import {
  type Decision,
  type KeyRow,
  type Steering,
  accept,
  acceptInvitation,
  accountView,
  changeRole,
  createInvitation,
  invitationView,
  keyView,
  memberOf,
  membersOf,
  reject,
  removeMember,
  revokeInvitation,
} from '@iog/core';
import { hashApiSecret } from '@iog/seal';
import { all } from '../cluster/account.ts';
import { type Call, accountOf, activityRow, answer, command } from '../command.ts';
import type { Handlers } from '../http/answer.ts';
import { missing, own, rowOf } from '../own-rows.ts';
import { pageOfHashed } from '../paging.ts';
import { type ControlPorts, type Read, newId } from '../ports.ts';

type Served =
  | 'member.list'
  | 'member.role'
  | 'member.remove'
  | 'invitation.create'
  | 'invitation.list'
  | 'invitation.revoke'
  | 'invitation.accept';

const membersShown = 100;

export function teamHandlers(ports: ControlPorts): Pick<Handlers, Served> {
  return {
    'member.list': (call) => listMembers(ports, call),
    'member.role': (call) => setRole(ports, call),
    'member.remove': (call) => endMember(ports, call),
    'invitation.create': (call) => invite(ports, call),
    'invitation.list': (call) => listInvitations(ports, call),
    'invitation.revoke': (call) => withdraw(ports, call),
    'invitation.accept': (call) => join(ports, call),
  };
}

async function listMembers({ store }: ControlPorts, call: Call<'member.list'>) {
  const account = await rowOf(store, 'account', accountOf(call));
  if (!account) return missing('account', accountOf(call));
  const { after = '', limit = membersShown } = call.query;
  const rest = membersOf(account)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .filter(({ id }) => id > after);
  const items = rest.slice(0, limit);
  return answer({ items, next: rest.length > limit ? (items.at(-1)?.id ?? null) : null });
}

async function setRole(ports: ControlPorts, call: Call<'member.role'>) {
  const { touched, decide } = steering(ports, call, (asked) => changeRole(asked, call.body.role));
  return woken(ports, touched, await command(ports, call, call.params.member, decide, (member) => member));
}

async function endMember(ports: ControlPorts, call: Call<'member.remove'>) {
  const { touched, decide } = steering(ports, call, removeMember);
  return woken(ports, touched, await command(ports, call, call.params.member, decide, (member) => member));
}

/** Whatever the keys that changed had opened and keep open is looked at, at once. */
function woken<T>({ signals }: ControlPorts, touched: ReadonlySet<string>, outcome: T): T {
  for (const hash of touched) signals.wake('key', hash);
  return outcome;
}

function steering(
  ports: ControlPorts,
  call: Call<'member.role'> | Call<'member.remove'>,
  steer: (asked: Steering) => Decision<MemberView>,
) {
  const touched = new Set<string>();
  const decide = async (read: Read): Promise<Decision<MemberView>> => {
    const [account, by] = [await read.one('account', accountOf(call)), await read.one('key', call.key?.id ?? '')];
    if (!account || !by || by.revokedAt !== null) return reject('key.revoked');
    // After the account: a key that is made later changes it, and this is decided again.
    const keys = await keysOf(ports, read, account.id, call.params.member);
    const decided = steer({ account, member: call.params.member, by, keys, now: ports.clock.now() });
    if (decided.ok) for (const row of decided.rows) if (row.kind === 'key') touched.add(row.id);
    return decided;
  };
  return { touched, decide };
}

async function keysOf({ store }: ControlPorts, read: Read, account: AccountId, member: MemberId): Promise<readonly KeyRow[]> {
  const found = (await all<KeyRow>(store, 'key', 'account', account)).filter((key) => memberOf(key) === member && key.revokedAt === null);
  return read.many(
    'key',
    found.map(({ id }) => id),
  );
}

function invite(ports: ControlPorts, call: Call<'invitation.create'>) {
  const id = newId(ports, 'inv');
  const now = ports.clock.now();
  return command(
    ports,
    call,
    id,
    async (read) => {
      if (await read.one('invitation', call.body.hash)) return reject('request.refused', { detail: 'body.hash is taken' });
      const [account, by] = [await read.one('account', accountOf(call)), await read.one('key', call.key?.id ?? '')];
      if (!account || !by || by.revokedAt !== null) return reject('key.revoked');
      const kept = (await all(ports.store, 'invitation', 'account', account.id)).length;
      return createInvitation({ wanted: call.body, account, by, kept, id, now });
    },
    (row) => invitationView(row, now),
  );
}

async function listInvitations(ports: ControlPorts, call: Call<'invitation.list'>) {
  const listed = { kind: 'invitation', index: 'account', equals: accountOf(call) } as const;
  return answer(await pageOfHashed(ports.store, listed, call.query, (row) => invitationView(row, ports.clock.now())));
}

async function withdraw(ports: ControlPorts, call: Call<'invitation.revoke'>) {
  const { invitation: id } = call.params;
  const [found] = await ports.store.query({ kind: 'invitation', index: 'invitation', equals: id, limit: 1 });
  return command(
    ports,
    call,
    id,
    async (read) => {
      const row = own(await read.one('invitation', found?.row.id ?? ''), call);
      const account = await read.one('account', accountOf(call));
      if (!row || !account || !call.key) return reject('not-found', { noun: 'invitation', id });
      return revokeInvitation(row, account, call.key, ports.clock.now());
    },
    (row) => invitationView(row, ports.clock.now()),
  );
}

/** Anyone may ask, and only who has the secret gets in. What they do is the account's activity. */
function join(ports: ControlPorts, call: Call<'invitation.accept'>) {
  const [member, key] = [newId(ports, 'mem'), newId(ports, 'key')];
  return command(
    ports,
    call,
    'an invitation',
    async (read) => {
      const invitation = await read.one('invitation', hashApiSecret(call.body.secret));
      const account = invitation && (await read.one('account', invitation.account));
      if (!invitation || !account) return reject('invitation.unknown');
      const [maker, standing] = [await read.one('key', invitation.maker), await read.one('key', call.body.key.hash)];
      const now = ports.clock.now();
      const joined = acceptInvitation({ wanted: call.body, invitation, account, maker, standing, member, key, now });
      if (!joined.ok || joined.rows.length === 0) return joined;
      const noted = { account: account.id, key, subject: invitation.invitation, outcome: `accepted: ${member} is ${invitation.role}` };
      return accept([...joined.rows, activityRow(ports, call, noted)], joined.value);
    },
    (joined) => ({ account: accountView(joined.account), member: joined.member, key: keyView(joined.key) }),
  );
}

// identity over HTTP: accounts, keys, the activity log. Members and invitations are in team-handlers.ts.
import type { ActivityView } from '@iog/protocol';
import type { AccountRow, ActivityRow, KeyRow } from '@iog/core';
import { accept, accountView, createAccount, createKey, keyView, mayOwn, memberOf, membersOf, reject, revokeKey } from '@iog/core';
import { type ControlPorts, newId } from '../ports.ts';
import { type Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command, refuse } from '../command.ts';
import { missing, own, rowOf } from '../own-rows.ts';
import { pageOf, pageOfHashed } from '../paging.ts';
import { teamHandlers } from './team-handlers.ts';

type Served =
  | 'account.create'
  | 'account.show'
  | 'account.recipient'
  | 'key.create'
  | 'key.list'
  | 'key.show'
  | 'key.revoke'
  | 'activity.list';

export function identityHandlers(ports: ControlPorts): Pick<Handlers, Served> & ReturnType<typeof teamHandlers> {
  return {
    ...teamHandlers(ports),
    'account.create': (call) => makeAccount(ports, call),
    'account.show': (call) => showAccount(ports, call),
    'account.recipient': (call) => setRecipient(ports, call),
    'key.create': (call) => makeKey(ports, call),
    'key.list': (call) => listKeys(ports, call),
    'key.show': (call) => showKey(ports, call),
    'key.revoke': (call) => endKey(ports, call),
    'activity.list': (call) => listActivity(ports, call),
  };
}

function makeAccount(ports: ControlPorts, call: Call<'account.create'>) {
  const id = newId(ports, 'acc');
  const keyId = newId(ports, 'key');
  return command(
    ports,
    call,
    id,
    async (read) => {
      if (await read.one('key', call.body.key.hash)) return reject('request.refused', { detail: 'body.key.hash is taken' });
      return createAccount({ id, keyId, wanted: call.body, maker: call.key ?? null, now: ports.clock.now() });
    },
    ({ account, key }) => ({ account: accountView(account), key: keyView(key) }),
  );
}

async function showAccount(ports: ControlPorts, call: Call<'account.show'>) {
  const account = await rowOf(ports.store, 'account', accountOf(call));
  return account ? answer(accountView(account)) : missing('account', accountOf(call));
}

function setRecipient(ports: ControlPorts, call: Call<'account.recipient'>) {
  return command(
    ports,
    call,
    accountOf(call),
    async (read) => {
      const account = await read.one('account', accountOf(call));
      if (!account) return reject('not-found', { noun: 'account', id: accountOf(call) });
      const next: AccountRow = { ...account, recipient: call.body.recipient };
      return accept<AccountRow>([next], next);
    },
    accountView,
  );
}

function makeKey(ports: ControlPorts, call: Call<'key.create'>) {
  const id = newId(ports, 'key');
  return command(
    ports,
    call,
    id,
    async (read) => {
      if (await read.one('key', call.body.hash)) return reject('request.refused', { detail: 'body.hash is taken' });
      // Read again, for the door may have seen them before they were narrowed or revoked; and the account is written along, so that
      // whoever removes this member meanwhile decides again and finds this key too.
      const [account, maker] = [await read.one('account', accountOf(call)), await read.one('key', call.key?.id ?? '')];
      if (!account || !maker || maker.revokedAt !== null) return reject('key.revoked');
      const made = createKey({ id, account: account.id, wanted: call.body, maker, now: ports.clock.now() });
      return made.ok ? accept([account, ...made.rows], made.value) : made;
    },
    keyView,
  );
}

async function showKey({ store }: ControlPorts, call: Call<'key.show'>) {
  const account = await rowOf(store, 'account', accountOf(call));
  const member = account && call.key && membersOf(account).find(({ id }) => call.key && id === memberOf(call.key));
  return account && call.key && member
    ? answer({ account: accountView(account), member, key: keyView(call.key) })
    : refuse({ code: 'key.revoked', context: {} });
}

async function listKeys(ports: ControlPorts, call: Call<'key.list'>) {
  const listed = { kind: 'key', index: 'account', equals: accountOf(call) } as const;
  return answer(await pageOfHashed(ports.store, listed, call.query, keyView));
}

async function endKey(ports: ControlPorts, call: Call<'key.revoke'>) {
  const [found] = await ports.store.query({ kind: 'key', index: 'key', equals: call.params.key, limit: 1 });
  const hash = (found?.row as KeyRow | undefined)?.id ?? '';
  const outcome = await command(
    ports,
    call,
    call.params.key,
    async (read) => {
      const key = own(await read.one('key', hash), call);
      const account = await read.one('account', accountOf(call));
      if (!key || !account || !call.key) return reject('not-found', { noun: 'key', id: call.params.key });
      // Everybody ends their own keys, an owner everybody's.
      const refused = memberOf(key) === memberOf(call.key) ? undefined : mayOwn(account, call.key);
      return refused ? { ok: false, rejection: refused } : revokeKey(key, ports.clock.now());
    },
    keyView,
  );
  ports.signals.wake('key', hash);
  return outcome;
}

async function listActivity(ports: ControlPorts, call: Call<'activity.list'>) {
  const listed = { kind: 'activity', index: 'account', equals: accountOf(call), descending: true } as const;
  return answer(await pageOf(ports.store, listed, call.query, (row) => [activityView(row)]));
}

function activityView({ id, at, account, key, command: name, subject, outcome, request }: ActivityRow): ActivityView {
  return { id, at, account, key, command: name, subject, outcome, request };
}

// identity over HTTP: accounts, keys, the activity log.
import type { ActivityView } from '@iog/protocol';
import type { AccountRow, ActivityRow, KeyRow } from '@iog/core';
import { accept, accountView, createAccount, createKey, keyView, reject, revokeKey } from '@iog/core';
import { type ControlPorts, newId } from '../ports.ts';
import { type Handlers } from '../http/answer.ts';
import { accountOf, answer, command, refuse } from '../command.ts';
import { pageOf } from '../paging.ts';
import { cursorOf } from '../store/store.ts';

type Served = 'account.create' | 'account.show' | 'account.recipient' | 'key.create' | 'key.list' | 'key.revoke' | 'activity.list';

/** Sorts after all hexadecimal digits. */
const pastEveryHash = '~';

export function identityHandlers(ports: ControlPorts): Pick<Handlers, Served> {
  return {
    'account.create': (call) => {
      const id = newId(ports, 'acc');
      const keyId = newId(ports, 'key');
      return command(
        ports,
        call,
        id,
        async (read) => {
          if (await read.one('key', call.body.key.hash)) return reject('request.malformed', { detail: 'body.key.hash is taken' });
          return createAccount({ id, keyId, wanted: call.body, maker: call.key ?? null, now: ports.clock.now() });
        },
        ({ account, key }) => ({ account: accountView(account), key: keyView(key) }),
      );
    },
    'account.show': async (call) => {
      const [found] = await ports.store.load([{ kind: 'account', id: accountOf(call) }]);
      return found
        ? answer(accountView(found.row as AccountRow))
        : refuse({ code: 'not-found', context: { noun: 'account', id: accountOf(call) } });
    },
    'account.recipient': (call) =>
      command(
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
      ),
    'key.create': (call) => {
      const id = newId(ports, 'key');
      return command(
        ports,
        call,
        id,
        async (read) => {
          if (await read.one('key', call.body.hash)) return reject('request.malformed', { detail: 'body.hash is taken' });
          return createKey({ id, account: accountOf(call), wanted: call.body, maker: call.key ?? null, now: ports.clock.now() });
        },
        keyView,
      );
    },
    'key.list': async (call) => {
      const { after, ...rest } = call.query;
      const listed = { kind: 'key', index: 'account', equals: accountOf(call) } as const;
      // A row of a key stands under its hash, which a cursor must not tell: pages go on after the key's id instead.
      const asked = after === undefined ? rest : { ...rest, after: cursorOf({ kind: 'key', id: pastEveryHash }, after) };
      const { items, next } = await pageOf(ports.store, listed, asked, (row) => [keyView(row)]);
      return answer({ items, next: next === null ? null : (items.at(-1)?.id ?? null) });
    },
    'key.revoke': async (call) => {
      const [found] = await ports.store.query({ kind: 'key', index: 'key', equals: call.params.key, limit: 1 });
      const hash = (found?.row as KeyRow | undefined)?.id ?? '';
      const outcome = await command(
        ports,
        call,
        call.params.key,
        async (read) => {
          const key = await read.one('key', hash);
          if (!key || key.account !== accountOf(call)) return reject('not-found', { noun: 'key', id: call.params.key });
          return revokeKey(key, ports.clock.now());
        },
        keyView,
      );
      ports.signals.wake('key', hash);
      return outcome;
    },
    'activity.list': async (call) => {
      const listed = { kind: 'activity', index: 'account', equals: accountOf(call), descending: true } as const;
      return answer(await pageOf(ports.store, listed, call.query, (row) => [activityView(row)]));
    },
  };
}

function activityView({ id, at, account, key, command: name, subject, outcome, request }: ActivityRow): ActivityView {
  return { id, at, account, key, command: name, subject, outcome, request };
}

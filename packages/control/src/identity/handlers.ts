// identity over HTTP: accounts, keys, the activity log.
import type { ActivityView } from '@iog/protocol';
import type { AccountRow, ActivityRow, KeyRow, Row } from '@iog/core';
import { accept, accountView, createAccount, createKey, keyView, reject, revokeKey } from '@iog/core';
import { type ControlPorts, newId } from '../ports.ts';
import { type Handlers } from '../http/answer.ts';
import { accountOf, answer, command, pageOf, refuse } from '../command.ts';
import { cursorOf } from '../store/store.ts';

type Served = 'account.create' | 'account.show' | 'account.recipient' | 'key.create' | 'key.list' | 'key.revoke' | 'activity.list';

const pageRows = 100;

export function identityHandlers(ports: ControlPorts): Pick<Handlers, Served> {
  const page = async <R>(kind: string, equals: string, query: { limit?: number; after?: string }, descending = false): Promise<R[]> => {
    const rows = await ports.store.query({
      kind,
      index: 'account',
      equals,
      limit: query.limit ?? pageRows,
      descending,
      ...(query.after === undefined ? {} : { after: query.after }),
    });
    return rows.map(({ row }) => row as unknown as R);
  };
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
      const rows = await page<KeyRow>('key', accountOf(call), call.query);
      return answer(pageOf(rows, call.query.limit ?? pageRows, keyView, (row) => cursorOf(row as Row)));
    },
    'key.revoke': async (call) => {
      const [found] = await ports.store.query({ kind: 'key', index: 'key', equals: call.params.key, limit: 1 });
      const hash = (found?.row as KeyRow | undefined)?.id ?? '';
      return command(
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
    },
    'activity.list': async (call) => {
      const rows = await page<ActivityRow>('activity', accountOf(call), call.query, true);
      return answer(pageOf(rows, call.query.limit ?? pageRows, activityView, (row) => cursorOf(row as Row)));
    },
  };
}

function activityView({ id, at, account, key, command: name, subject, outcome, request }: ActivityRow): ActivityView {
  return { id, at, account, key, command: name, subject, outcome, request };
}

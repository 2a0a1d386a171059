// Join tokens over HTTP: made, listed and revoked by their account; used by hosts that hold nothing but the secret.
import type { JoinTokenRow } from '@iog/core';
import { createJoinToken, joinByToken, joinTokenView, reject, revokeJoinToken } from '@iog/core';
import { hashApiSecret } from '@iog/seal';
import { type ControlPorts, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command } from '../command.ts';
import { pageOfHashed } from '../paging.ts';
import { isSignedEnrolment, neighboursOf } from './enrolment-handlers.ts';
import { shownDevice } from './shown-device.ts';

export type JoinTokenRoute = 'token.create' | 'token.list' | 'token.revoke' | 'device.join';

export function joinTokenRoutes(ports: ControlPorts): Pick<Handlers, JoinTokenRoute> {
  const inTurn = turns();
  return {
    'token.create': (call) => create(ports, call),
    'token.list': (call) => list(ports, call),
    'token.revoke': (call) => revoke(ports, call),
    'device.join': (call) => {
      const hash = hashApiSecret(call.body.secret);
      return inTurn(hash, () => join(ports, call, hash));
    },
  };
}

function create(ports: ControlPorts, call: Call<'token.create'>) {
  const making = {
    wanted: call.body,
    account: accountOf(call),
    maker: call.key?.id ?? '',
    id: newId(ports, 'tok'),
    now: ports.clock.now(),
  };
  return command(
    ports,
    call,
    making.id,
    async (read) => createJoinToken(making, await read.one('join-token', call.body.hash)),
    (token) => joinTokenView(token, ports.clock.now()),
  );
}

async function list(ports: ControlPorts, call: Call<'token.list'>) {
  const listed = { kind: 'join-token', index: 'account', equals: accountOf(call) } as const;
  return answer(await pageOfHashed(ports.store, listed, call.query, (token) => joinTokenView(token, ports.clock.now())));
}

function revoke(ports: ControlPorts, call: Call<'token.revoke'>) {
  const id = call.params.token;
  return command<'token.revoke', JoinTokenRow>(
    ports,
    call,
    id,
    async (read) => {
      const [found] = await ports.store.query({ kind: 'join-token', index: 'token', equals: id, limit: 1 });
      const token = found && (await read.one('join-token', found.row.id));
      return token?.account === accountOf(call) ? revokeJoinToken(token, ports.clock.now()) : reject('not-found', { noun: 'token', id });
    },
    (token) => joinTokenView(token, ports.clock.now()),
  );
}

/** Token, device and account are one commit: of many hosts at once exactly as many come in as the token has uses. */
function join(ports: ControlPorts, call: Call<'device.join'>, hash: string) {
  const { enrolment } = call.body;
  const isSigned = isSignedEnrolment(enrolment);
  const deviceId = newId(ports, 'dev');
  return command(
    ports,
    call,
    deviceId,
    async (read) => {
      if (!isSigned) return reject('enrolment.invalid');
      const token = await read.one('join-token', hash);
      if (!token) return reject('token.unknown');
      // As in an approval: of two at once that offer the same cores, the later finds the other's device.
      const account = await read.one('account', token.account);
      const maker = await read.one('key', token.maker ?? '');
      const others = await read.many('device', await neighboursOf(ports, token.account, enrolment));
      const book = (await read.one('book', token.account))?.prices;
      const decision = joinByToken(token, { enrolment, maker, deviceId, book, now: ports.clock.now(), policy: ports.policy }, others);
      return decision.ok && account ? { ...decision, rows: [...decision.rows, account] } : decision;
    },
    (device) => shownDevice(ports, device),
  );
}

/** Those with one token go one after the other: at once, each would make all others decide again. */
function turns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, mine);
    const leave = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(leave, leave);
    return mine;
  };
}

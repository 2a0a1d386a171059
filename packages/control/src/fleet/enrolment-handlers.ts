// enrolment over HTTP: a device asks under a code, a person who holds a key approves the code.
import type { AccountId, DeviceId, Enrolment } from '@iog/protocol';
import { type EnrolmentRow, approve, enrolmentOpen, enrolmentView, reject } from '@iog/core';
import { canonical, isRecipient, verify } from '@iog/seal';
import { type ControlPorts, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command, refuse } from '../command.ts';
import { isLoopback, networkOf } from '../http/rate-limit.ts';
import { enrolmentParts } from '../limits.ts';
import { cursorOf } from '../store/store.ts';
import { rowOf } from '../own-rows.ts';
import { shownDevice } from './shown-device.ts';

export type EnrolmentRoute = 'enrolment.create' | 'enrolment.show' | 'device.approve';

/** A host has at most as many devices as it may have cores. */
const mostDevicesOfHost = 1_000;

export function enrolmentRoutes(ports: ControlPorts): Pick<Handlers, EnrolmentRoute> {
  const waiting = waitingCount(ports);
  return {
    'enrolment.create': (call) => ask(ports, waiting, call),
    'enrolment.show': (call) => show(ports, call),
    'device.approve': (call) => approveDevice(ports, call),
  };
}

function ask(ports: ControlPorts, waiting: WaitingCount, call: Call<'enrolment.create'>) {
  const signed = call.body;
  const ok = isSignedEnrolment(call.body);
  const network = isLoopback(call.address) ? undefined : networkOf(call.address);
  return command(
    ports,
    call,
    signed.code,
    async (read) => {
      if (!ok) return reject('enrolment.invalid');
      const existing = await read.one('enrolment', signed.code);
      const before = await read.many('enrolment', await waitingOf(ports, signed.publicKey));
      const replaced = before.filter(({ id, state }) => state === 'waiting' && id !== signed.code);
      const counts = await waiting.now();
      const others = Math.max(0, counts.all - replaced.length);
      const decision = enrolmentOpen(call.body, ports.clock.now(), ports.policy, existing, others);
      if (!decision.ok || decision.rows.length === 0) return decision;
      const own = counts.of(network) - replaced.filter((row) => row.network === network).length;
      if (network !== undefined && hasItsPart(ports, others, own))
        return reject('enrolment.full', { waiting: own, whom: 'from one address while many wait' });
      for (const row of replaced) waiting.more(-1, row.network);
      waiting.more(1, network);
      // A device waits once: what it says last is what it is.
      const rows = decision.rows.map((row) => (network === undefined ? row : { ...row, network }));
      return { ...decision, rows, deletes: replaced.map(({ kind, id }) => ({ kind, id })) };
    },
    (row) => enrolmentView(row, ports.clock.now()),
  );
}

function hasItsPart({ policy }: ControlPorts, all: number, own: number): boolean {
  const most = policy.limits.waitingEnrolments;
  return all >= most * enrolmentParts.crowded && own >= Math.max(1, Math.floor(most * enrolmentParts.ofOneNetwork));
}

/** Whether the device that it names has signed it, and its recipient. */
export function isSignedEnrolment({ signature, ...signed }: Enrolment): boolean {
  return (
    verify(signed.publicKey, 'enrolment', canonical(signed), signature) &&
    isRecipient(signed.recipient) &&
    verify(signed.publicKey, 'recipient', Buffer.from(signed.recipient), signed.recipientSignature)
  );
}

async function waitingOf({ store }: ControlPorts, publicKey: string): Promise<string[]> {
  const found = await store.query({ kind: 'enrolment', index: 'publicKey', equals: publicKey, limit: 100 });
  return found.map(({ row }) => row.id);
}

interface WaitingCount {
  now(): Promise<Waiting>;
  more(than: number, network: string | undefined): void;
}

interface Waiting {
  readonly all: number;
  of(this: void, network: string | undefined): number;
}

/** How long a count is gone by: counting reads all that wait, and strangers ask. Between, what this process lets in is added. */
const countedForMs = 5_000;
const countedAtOnce = 1_000;

function waitingCount({ store, clock, policy }: ControlPorts): WaitingCount {
  let counted = tally();
  let staleAt = 0;
  const count = async (): Promise<Tally> => {
    const waiting = tally();
    for (let after: string | undefined; ;) {
      const page = { kind: 'enrolment', index: 'waiting', limit: countedAtOnce, ...(after === undefined ? {} : { after }) };
      const found = (await store.query(page)).map(({ row }) => row as EnrolmentRow);
      for (const { expiresAt, network } of found) if (expiresAt > clock.now()) waiting.add(1, network);
      const last = found.length === countedAtOnce ? found.at(-1) : undefined;
      if (!last || waiting.all >= policy.limits.waitingEnrolments) return waiting;
      after = cursorOf(last, last.expiresAt);
    }
  };
  return {
    async now() {
      if (clock.now() < staleAt) return counted;
      staleAt = clock.now() + countedForMs;
      return (counted = await count());
    },
    more: (than, network) => counted.add(than, network),
  };
}

interface Tally extends Waiting {
  add(more: number, network: string | undefined): void;
}

function tally(): Tally {
  const byNetwork = new Map<string | undefined, number>();
  let all = 0;
  return {
    get all() {
      return all;
    },
    of: (network) => byNetwork.get(network) ?? 0,
    add(more, network) {
      all += more;
      byNetwork.set(network, (byNetwork.get(network) ?? 0) + more);
    },
  };
}

async function show({ store, clock }: ControlPorts, call: Call<'enrolment.show'>) {
  const enrolment = await rowOf(store, 'enrolment', call.params.code);
  return enrolment
    ? answer(enrolmentView(enrolment, clock.now()))
    : refuse({ code: 'enrolment.unknown', context: { code: call.params.code } });
}

function approveDevice(ports: ControlPorts, call: Call<'device.approve'>) {
  const { policy } = ports;
  const { code, region, prices } = call.body;
  const deviceId = newId(ports, 'dev');
  return command(
    ports,
    call,
    code,
    async (read) => {
      const enrolment = await read.one('enrolment', code);
      if (!enrolment) return reject('enrolment.unknown', { code });
      // Read before the lists and written with the device: of two approvals at once, the later decides again and finds the other's device.
      const account = await read.one('account', accountOf(call));
      const others = await read.many('device', await neighboursOf(ports, accountOf(call), enrolment.enrolment));
      const book = await read.one('book', accountOf(call));
      const by = { account: accountOf(call), deviceId, region, prices, book: book?.prices, now: ports.clock.now(), policy };
      const decision = approve(enrolment, by, others);
      return decision.ok && account ? { ...decision, rows: [...decision.rows, account] } : decision;
    },
    (device) => shownDevice(ports, device),
  );
}

/** The devices that an enrolment is decided beside: those with its key, and the account's own on its host. */
export async function neighboursOf({ store }: ControlPorts, account: AccountId, enrolment: Enrolment): Promise<DeviceId[]> {
  const found = await Promise.all([
    store.query({ kind: 'device', index: 'publicKey', equals: enrolment.publicKey, limit: 10 }),
    store.query({ kind: 'device', index: 'host', equals: `${account}/${enrolment.host}`, limit: mostDevicesOfHost }),
  ]);
  return [...new Set(found.flat().map(({ row }) => row.id as DeviceId))];
}

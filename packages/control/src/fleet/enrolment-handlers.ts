// enrolment over HTTP: a device asks under a code, a person who holds a key approves the code.
import type { AccountId, DeviceId } from '@iog/protocol';
import { type EnrolmentRow, approve, enrolmentOpen, enrolmentView, reject } from '@iog/core';
import { canonical, isRecipient, verify } from '@iog/seal';
import { type ControlPorts, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command, refuse } from '../command.ts';
import { rowOf } from '../own-rows.ts';
import { shownDevice } from './shown-device.ts';

export type EnrolmentRoute = 'enrolment.create' | 'enrolment.show' | 'device.approve';

/** A host has at most as many devices as it may have cores. */
const mostDevicesOfHost = 1_000;

export function enrolmentRoutes(ports: ControlPorts): Pick<Handlers, EnrolmentRoute> {
  return {
    'enrolment.create': (call) => ask(ports, call),
    'enrolment.show': (call) => show(ports, call),
    'device.approve': (call) => approveDevice(ports, call),
  };
}

function ask(ports: ControlPorts, call: Call<'enrolment.create'>) {
  const { signature, ...signed } = call.body;
  const ok =
    verify(signed.publicKey, 'enrolment', canonical(signed), signature) &&
    isRecipient(signed.recipient) &&
    verify(signed.publicKey, 'recipient', Buffer.from(signed.recipient), signed.recipientSignature);
  return command(
    ports,
    call,
    signed.code,
    async (read) => {
      if (!ok) return reject('enrolment.invalid');
      return enrolmentOpen(call.body, ports.clock.now(), ports.policy, await read.one('enrolment', signed.code));
    },
    (row) => enrolmentView(row, ports.clock.now()),
  );
}

async function show({ store, clock }: ControlPorts, call: Call<'enrolment.show'>) {
  const enrolment = await rowOf(store, 'enrolment', call.params.code);
  return enrolment
    ? answer(enrolmentView(enrolment, clock.now()))
    : refuse({ code: 'enrolment.unknown', context: { code: call.params.code } });
}

function approveDevice(ports: ControlPorts, call: Call<'device.approve'>) {
  const { policy } = ports;
  const { code, region, prices = policy.defaultPrices } = call.body;
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
      const others = await read.many('device', await neighboursOf(ports, accountOf(call), enrolment));
      const by = { account: accountOf(call), deviceId, region, prices, now: ports.clock.now(), policy };
      const decision = approve(enrolment, by, others);
      return decision.ok && account ? { ...decision, rows: [...decision.rows, account] } : decision;
    },
    (device) => shownDevice(ports, device),
  );
}

/** The devices that an enrolment is decided beside: those with its key, and the account's own on its host. */
async function neighboursOf({ store }: ControlPorts, account: AccountId, { enrolment }: EnrolmentRow): Promise<DeviceId[]> {
  const found = await Promise.all([
    store.query({ kind: 'device', index: 'publicKey', equals: enrolment.publicKey, limit: 10 }),
    store.query({ kind: 'device', index: 'host', equals: `${account}/${enrolment.host}`, limit: mostDevicesOfHost }),
  ]);
  return [...new Set(found.flat().map(({ row }) => row.id as DeviceId))];
}

// fleet over HTTP: enrolment by code, approval, drain, resume, remove, prices.
import type { AccountId, DeviceId, Rejection } from '@iog/protocol';
import {
  type Decision,
  type DeviceRow,
  type EnrolmentRow,
  approve,
  deviceView,
  drain,
  enrolmentOpen,
  enrolmentView,
  reject,
  relocate,
  remove,
  reprice,
  resume,
} from '@iog/core';
import { canonical, isRecipient, verify } from '@iog/seal';
import { type ControlPorts, type Read, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command, refuse } from '../command.ts';
import { pageOf } from '../paging.ts';

type Served =
  | 'enrolment.create'
  | 'enrolment.show'
  | 'device.approve'
  | 'device.list'
  | 'device.show'
  | 'device.drain'
  | 'device.resume'
  | 'device.remove'
  | 'device.price'
  | 'device.region';
type Steer = 'device.drain' | 'device.resume' | 'device.remove' | 'device.price' | 'device.region';

/** A host has at most as many devices as it may have cores. */
const mostDevicesOfHost = 1_000;

export function fleetHandlers(ports: ControlPorts, drop: (device: string, rejection: Rejection) => void): Pick<Handlers, Served> {
  const view = (device: DeviceRow) => {
    const live = ports.live.seen(device.id);
    return deviceView(
      device,
      { connected: live?.connected ?? false, lastSeenAt: live?.lastSeenAt ?? null },
      ports.clock.now(),
      ports.policy,
    );
  };
  const steer = (call: Call<Steer>, decide: (device: DeviceRow, read: Read) => Decision<DeviceRow> | Promise<Decision<DeviceRow>>) =>
    command<Steer, DeviceRow>(
      ports,
      call,
      call.params.device,
      async (read: Read) => {
        const device = await read.one('device', call.params.device);
        if (!device || device.account !== accountOf(call)) return reject('not-found', { noun: 'device', id: call.params.device });
        return decide(device, read);
      },
      view,
    );

  return {
    'enrolment.create': (call) => {
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
    },
    'enrolment.show': async (call) => {
      const [found] = await ports.store.load([{ kind: 'enrolment', id: call.params.code }]);
      return found
        ? answer(enrolmentView(found.row as EnrolmentRow, ports.clock.now()))
        : refuse({ code: 'enrolment.unknown', context: { code: call.params.code } });
    },
    'device.approve': (call) => {
      const deviceId = newId(ports, 'dev');
      return command(
        ports,
        call,
        call.body.code,
        async (read) => {
          const enrolment = await read.one('enrolment', call.body.code);
          if (!enrolment) return reject('enrolment.unknown', { code: call.body.code });
          // Read before the lists and written with the device: of two approvals at once, the later decides again and finds the other's device.
          const account = await read.one('account', accountOf(call));
          const others = await read.many('device', await neighboursOf(ports, accountOf(call), enrolment));
          const decision = approve(
            enrolment,
            {
              account: accountOf(call),
              deviceId,
              region: call.body.region,
              prices: call.body.prices ?? ports.policy.defaultPrices,
              now: ports.clock.now(),
              policy: ports.policy,
            },
            others,
          );
          return decision.ok && account ? { ...decision, rows: [...decision.rows, account] } : decision;
        },
        view,
      );
    },
    'device.list': async (call) =>
      answer(
        await pageOf(ports.store, { kind: 'device', index: 'account', equals: accountOf(call) }, call.query, (device) => [view(device)]),
      ),
    'device.show': async (call) => {
      const [found] = await ports.store.load([{ kind: 'device', id: call.params.device }]);
      const device = found?.row as DeviceRow | undefined;
      if (device?.account !== accountOf(call)) return refuse({ code: 'not-found', context: { noun: 'device', id: call.params.device } });
      return answer(view(device));
    },
    'device.drain': (call) => steer(call, drain),
    'device.resume': (call) => steer(call, (device) => resume(device, ports.clock.now())),
    'device.remove': async (call) => {
      const outcome = await steer(call, async (device, read) => {
        const held = device.live.map(({ lease }) => lease);
        return remove(device, await read.many('lease', held), ports.clock.now());
      });
      if ('ok' in outcome && outcome.ok) drop(call.params.device, { code: 'device.removed', context: { device: call.params.device } });
      return outcome;
    },
    'device.price': (call) => steer(call, (device) => reprice(device, call.body)),
    'device.region': (call) => steer(call, (device) => relocate(device, call.body.region)),
  };
}

/** The devices that an enrolment is decided beside: those with its key, and the account's own on its host. */
async function neighboursOf({ store }: ControlPorts, account: AccountId, { enrolment }: EnrolmentRow): Promise<DeviceId[]> {
  const found = await Promise.all([
    store.query({ kind: 'device', index: 'publicKey', equals: enrolment.publicKey, limit: 10 }),
    store.query({ kind: 'device', index: 'host', equals: `${account}/${enrolment.host}`, limit: mostDevicesOfHost }),
  ]);
  return [...new Set(found.flat().map(({ row }) => row.id as DeviceId))];
}

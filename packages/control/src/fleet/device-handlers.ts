// device over HTTP: its owner sees it, and drains, resumes, removes, prices or places it.
import type { DeviceView, Rejection } from '@iog/protocol';
import { type Decision, type DeviceRow, drain, followBook, reject, relocate, remove, reprice, resume } from '@iog/core';
import type { ControlPorts, Read } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command } from '../command.ts';
import { missing, own, rowOf } from '../own-rows.ts';
import { pageOf } from '../paging.ts';
import type { UptimeBook } from './uptime-book.ts';
import { shownDevice } from './shown-device.ts';

type Steer = 'device.drain' | 'device.resume' | 'device.remove' | 'device.price' | 'device.follow' | 'device.region';
export type DeviceRoute = 'device.list' | 'device.show' | Steer;

export function deviceRoutes(
  ports: ControlPorts,
  uptime: UptimeBook,
  drop: (device: string, rejection: Rejection) => void,
): Pick<Handlers, DeviceRoute> {
  return {
    'device.list': (call) => list(ports, call),
    'device.show': (call) => show(ports, uptime, call),
    'device.drain': (call) => steer(ports, call, drain),
    'device.resume': (call) => steer(ports, call, (device) => resume(device, ports.clock.now())),
    'device.remove': async (call) => {
      const outcome = await removeDevice(ports, call);
      if ('ok' in outcome && outcome.ok) drop(call.params.device, { code: 'device.removed', context: { device: call.params.device } });
      return outcome;
    },
    'device.price': (call) => steer(ports, call, (device) => reprice(device, call.body)),
    'device.follow': (call) => steer(ports, call, async (device, read) => followBook(device, await read.one('book', device.account))),
    'device.region': (call) => steer(ports, call, (device) => relocate(device, call.body.region)),
  };
}

async function list(ports: ControlPorts, call: Call<'device.list'>) {
  const listed = { kind: 'device', index: 'account', equals: accountOf(call) } as const;
  const { state, region } = call.query;
  // As shown: a device whose proof has run out waits, whatever its row says.
  const asked = (shown: DeviceView): DeviceView[] =>
    (state === undefined || shown.state === state) && (region === undefined || shown.region === region) ? [shown] : [];
  return answer(await pageOf(ports.store, listed, call.query, (device) => asked(shownDevice(ports, device))));
}

async function show(ports: ControlPorts, uptime: UptimeBook, call: Call<'device.show'>) {
  const device = own(await rowOf(ports.store, 'device', call.params.device), call);
  return device ? answer({ ...shownDevice(ports, device), uptime: await uptime.of(device) }) : missing('device', call.params.device);
}

function removeDevice(ports: ControlPorts, call: Call<'device.remove'>) {
  return steer(ports, call, async (device, read) => {
    const held = device.live.map(({ lease }) => lease);
    return remove(device, await read.many('lease', held), ports.clock.now());
  });
}

/** What its owner decides about a device. */
function steer(
  ports: ControlPorts,
  call: Call<Steer>,
  decide: (device: DeviceRow, read: Read) => Decision<DeviceRow> | Promise<Decision<DeviceRow>>,
) {
  return command<Steer, DeviceRow>(
    ports,
    call,
    call.params.device,
    async (read) => {
      const device = own(await read.one('device', call.params.device), call);
      return device ? decide(device, read) : reject('not-found', { noun: 'device', id: call.params.device });
    },
    (device) => shownDevice(ports, device),
  );
}

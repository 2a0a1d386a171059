// A supplier: enrols devices, changes prices, drains and resumes, removes, unplugs machines and brings them back.
import type { DeviceId, DeviceView, EnrolmentView } from '@iog/protocol';
import { canonical, sign } from '@iog/seal';
import type { DeviceKeys } from '@iog/worker/sim';
import type { SimDevice } from '../actors/device.ts';
import type { Court } from '../laws/court.ts';
import { type Person, json } from './person.ts';

export interface SupplierRoom {
  readonly court: Court;
  readonly isOver: () => boolean;
  /** A machine that has just been enrolled starts its worker. */
  readonly enrolled: (id: DeviceId, keys: DeviceKeys, cores: readonly number[]) => SimDevice;
  readonly keys: () => Promise<DeviceKeys>;
  readonly now: () => number;
}

const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Enrols so many devices, then acts on them until it is over. */
export async function supplies(person: Person, count: number, room: SupplierRoom): Promise<void> {
  const { draw } = person;
  const devices: SimDevice[] = [];
  for (let i = 0; i < count; i++) {
    const device = await enrols(person, room);
    if (device) devices.push(device);
    await person.rest(100, 5_000);
  }
  while (!room.isOver()) {
    await person.rest(300_000, 3_000_000);
    if (devices.length === 0 || room.isOver()) continue;
    const device = draw.pick(devices);
    const params = { device: device.id };
    const dice = draw.unit();
    if (dice < 0.25) {
      await person.ask('device.drain', { params, body: '{}' });
      await person.rest(60_000, 1_200_000);
      await person.ask('device.resume', { params, body: '{}' });
    } else if (dice < 0.5) {
      const coreMicro = String(draw.between(1, 12) * 10_000);
      const body = json({ coreMicro, memoryGbMicro: '5000', gpuMicro: {} });
      // Some keep a price book for all their devices.
      if (dice < 0.42) await person.ask('device.price', { params, body });
      else if (dice < 0.46) await person.ask('price.set', { body });
      else await person.ask('device.follow', { params, body: '{}' });
    } else if (dice < 0.6) {
      device.unplug();
      await person.rest(10_000, 900_000);
      device.plugIn();
    } else if (dice < 0.64) await person.ask('device.price', { params, body: json({ coreMicro: '-1', memoryGbMicro: '1', gpuMicro: {} }) });
    else if (dice < 0.72) await removes(person, device, devices, room);
    else if (dice < 0.85) {
      const more = await enrols(person, room);
      if (more) devices.push(more);
    } else await person.ask('device.show', { params });
  }
}

async function enrols(person: Person, room: SupplierRoom): Promise<SimDevice | undefined> {
  const { draw } = person;
  const keys = await room.keys();
  const cores = Array.from({ length: draw.between(1, 4) }, (_, core) => core);
  const code = [...draw.bytes(8)]
    .map((byte) => letters[byte % letters.length])
    .join('')
    .replace(/^(.{4})/, '$1-');
  const said = {
    code,
    name: 'machine',
    publicKey: keys.publicKey,
    recipient: keys.ageRecipient,
    recipientSignature: sign(keys.secretKey, 'recipient', Buffer.from(keys.ageRecipient)),
    units: { cores, memoryBytes: 8_000_000_000, diskBytes: 0, gpus: [] },
    runtime: 'process',
    // Each on a host of its own: all offer the same cores.
    host: draw.hits(0.05) ? 'one and the same' : `sim-${keys.publicKey.slice(0, 8)}`,
    atMs: room.now(),
  };
  const opened = await person.ask('enrolment.create', {
    body: json({ ...said, signature: sign(keys.secretKey, draw.hits(0.03) ? 'another' : 'enrolment', canonical(said)) }),
  });
  if ((opened?.body as unknown as EnrolmentView | undefined)?.state !== 'waiting') return undefined;
  if (draw.hits(0.05)) await person.ask('device.approve', { body: json({ code: 'ZZZZ-ZZZZ' }) });
  const approved = await person.ask('device.approve', { body: json({ code }) });
  if (draw.hits(0.05)) await person.ask('device.approve', { body: json({ code }) });
  if (approved?.status !== 200) return undefined;
  const { id } = approved.body as unknown as DeviceView;
  room.court.promised({ what: `${id} was enrolled`, kept: (rows) => rows.one('device', id)?.publicKey === keys.publicKey });
  return room.enrolled(id, keys, cores);
}

async function removes(person: Person, device: SimDevice, devices: SimDevice[], { court }: SupplierRoom): Promise<void> {
  const { id } = device;
  const said = await person.ask('device.remove', { params: { device: id }, body: '{}' });
  if (said?.status !== 200) return;
  court.promised({ what: `${id} was removed`, kept: (rows) => rows.one('device', id)?.state === 'removed' });
  devices.splice(devices.indexOf(device), 1);
  await person.ask('device.drain', { params: { device: id }, body: '{}' });
}

// What a supplier may do with a device, and the opening of its sessions. A removed device is removed for good.
import { type Instant, type Prices, type Rejection, type Units, formatAmount, formatDurationMs, mostPriceMicro } from '@iog/protocol';
import type { DeviceRow, LeaseRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { proofExpired } from './capacity.ts';
import { gpuPriceMicro } from './gpu-model.ts';

/** No new lease comes to it; those that live run on. Rejects `device.removed`. */
export function drain(device: DeviceRow): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  return become(device, { state: 'draining' });
}

/** Takes new leases again: at once with a valid proof, else after the next one. Rejects `device.removed`. */
export function resume(device: DeviceRow, now: Instant): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  if (device.state !== 'draining') return accept([], device);
  return become(device, { state: proofExpired(device, now) ? 'waiting' : 'admitted' });
}

/**
 * Final, and its units go with it: nothing of a removed device is offered again. `leases` are those that it still holds. A device that is gone
 * for ever never says that they stopped; settled ones whose time to say so is over hold it no longer. Rejects `device.busy` for any other.
 */
export function remove(device: DeviceRow, leases: readonly LeaseRow[], now: Instant): Decision<DeviceRow> {
  if (device.state === 'removed') return accept([], device);
  const rows = new Map(leases.map((lease) => [lease.id, lease]));
  const holding = device.live.filter(({ lease }) => !isOver(rows.get(lease), now));
  if (holding.length > 0) {
    const free = freeWhen(
      holding.map(({ lease }) => rows.get(lease)),
      now,
    );
    return reject('device.busy', { device: device.id, leases: holding.length, free });
  }
  const removed: DeviceRow = { ...device, state: 'removed', live: [] };
  return accept([removed], removed);
}

function isOver(lease: LeaseRow | undefined, now: Instant): boolean {
  return lease?.state === 'settled' && lease.stopBy !== null && now >= lease.stopBy;
}

/** When the last of these holds the device no longer, as far as that is known. */
function freeWhen(leases: readonly (LeaseRow | undefined)[], now: Instant): string {
  const stopBys = leases.map((lease) => lease?.stopBy ?? null);
  if (stopBys.some((stopBy) => stopBy === null)) return 'once its leases have ended and stopped';
  const latest = Math.max(...stopBys.map((stopBy) => stopBy ?? 0));
  if (latest <= now) return 'once its leases are settled';
  return `once its leases are settled and it says that they stopped; without its word, in ${formatDurationMs(latest - now)} at the earliest`;
}

/** New prices of its own, for quotes from now on: leases keep the rate they were quoted. Rejects `device.removed`, `request.refused`. */
export function reprice(device: DeviceRow, prices: Prices): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  const wrong = checkPrices(prices, device.units);
  if (wrong) return { ok: false, rejection: wrong };
  const repriced: DeviceRow = { ...device, prices, followsBook: false };
  return accept([repriced], repriced);
}

/** Where it stands, for quotes from now on: those made before, and leases, name no region. Rejects `device.removed`. */
export function relocate(device: DeviceRow, region: string): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  if (device.region === region) return accept([], device);
  const moved: DeviceRow = { ...device, region };
  return accept([moved], moved);
}

/** The device in its next session: whatever an older epoch still says is ignored from now on. Rejects `device.removed`. */
export function openSession(device: DeviceRow): Decision<DeviceRow> {
  if (device.state === 'removed') return reject('device.removed', { device: device.id });
  const opened: DeviceRow = { ...device, epoch: device.epoch + 1 };
  return accept([opened], opened);
}

/** Why these prices cannot stand: one is below zero or absurd, or a GPU of the device has none. */
export function checkPrices(prices: Prices, units: Pick<Units, 'gpus'>): Rejection | undefined {
  const all = [prices.coreMicro, prices.memoryGbMicro, ...Object.values(prices.gpuMicro)];
  if (all.some((price) => BigInt(price) < 0n)) return { code: 'request.refused', context: { detail: 'a price is below zero' } };
  if (all.some((price) => BigInt(price) > mostPriceMicro)) {
    const detail = `a price is above ${formatAmount(mostPriceMicro)} (${mostPriceMicro} micro-units) an hour`;
    return { code: 'request.refused', context: { detail } };
  }
  const unpriced = units.gpus.find((gpu) => gpuPriceMicro(prices.gpuMicro, gpu.model) === undefined);
  if (!unpriced) return undefined;
  return { code: 'request.refused', context: { detail: `gpuMicro has no price for ${unpriced.model}, and no default` } };
}

function become(device: DeviceRow, { state }: Pick<DeviceRow, 'state'>): Decision<DeviceRow> {
  if (device.state === state) return accept([], device);
  const changed: DeviceRow = { ...device, state };
  return accept([changed], changed);
}

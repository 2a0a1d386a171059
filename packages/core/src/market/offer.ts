// What a device offers now, as renters see it. An offer promises nothing: the quote does.
import type { Instant, OfferView, Policy } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { admissible } from '../fleet/capacity.ts';
import { freeSlice, isolationOf, reputation, tierOf } from '../fleet/device-view.ts';
import { rateOf } from './rate.ts';

/** The free units of the device, or null where nothing of it can be rented now. `latencyUpToMs` is its round trip to control. */
export function offerView(
  device: DeviceRow,
  live: { readonly connected: boolean; readonly rttMs: number | null },
  now: Instant,
  policy: Policy,
): OfferView | null {
  const free = freeSlice(device);
  if (!live.connected || !admissible(device, now, policy) || free === null) return null;
  return {
    device: device.id,
    name: device.name,
    region: device.region,
    tier: tierOf(),
    runtime: device.runtime,
    isolation: isolationOf(device.runtime),
    cores: free.cores.length,
    memoryBytes: free.memoryBytes,
    gpus: device.units.gpus.filter((gpu) => free.gpus.includes(gpu.uuid)),
    prices: device.prices,
    wholeMicroPerHour: String(rateOf(free, device.units, device.prices).rateMicroPerHour),
    basis: 'declared',
    reputation: reputation(device.provenMs, device.unprovenMs),
    latencyUpToMs: live.rttMs === null ? null : Math.ceil(live.rttMs),
  };
}

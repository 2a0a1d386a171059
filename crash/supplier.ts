// The supplier of the load: drains devices, takes them back, changes prices. One step after the other, so that the last word is known.
import type { IogClient } from '@iog/client';
import type { DeviceId } from '@iog/protocol';
import type { Actor } from './load.ts';
import type { Dice } from './random.ts';

export function supplier(client: IogClient, devices: readonly DeviceId[], dice: Dice): Actor & { resumeAll(): Promise<void> } {
  const drained = new Set<DeviceId>();
  const resume = async (device: DeviceId): Promise<void> => {
    await client.call('device.resume', { params: { device }, body: {} });
    drained.delete(device);
  };
  return {
    name: 'supplier',
    async step() {
      const device = dice.pick(devices);
      if (device === undefined) return;
      const wish = dice.below(100);
      if (drained.has(device)) return resume(device);
      if (wish < 10) {
        drained.add(device);
        await client.call('device.drain', { params: { device }, body: {} });
      } else if (wish < 40) {
        const coreMicro = String(dice.between(40_000, 90_000));
        await client.call('device.price', {
          params: { device },
          body: { coreMicro, memoryGbMicro: '5000', gpuMicro: { default: '1500000' } },
        });
      } else {
        await client.call('device.show', { params: { device } });
      }
    },
    async resumeAll() {
      for (const device of drained) await resume(device);
    },
  };
}

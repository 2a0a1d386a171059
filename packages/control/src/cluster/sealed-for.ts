// The cluster's secret for a replacement's device, sealed by a surviving worker that its own assignment asked to.
import type { DeviceId, ToControl } from '@iog/protocol';
import { isLive } from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';

/** Takes it once, only from a device that holds a live lease of the same cluster with the secret. */
export async function takeSealed(
  ports: ControlPorts,
  from: DeviceId,
  { lease: id, device, sealed }: Extract<ToControl, { type: 'sealed-for' }>,
): Promise<void> {
  const taken = await change<boolean>(ports, async (read) => {
    const lease = await read.one('lease', id);
    if (!lease || !isLive(lease) || lease.device !== device || lease.sealedSecret !== null) return { writes: [], value: false };
    const cluster = await read.one('cluster', lease.cluster);
    const together = cluster ? await read.many('lease', cluster.leases) : [];
    const isSurvivor = together.some((other) => other.device === from && isLive(other) && other.sealedSecret !== null);
    if (!isSurvivor) return { writes: [], value: false };
    return { writes: [{ ...lease, sealedSecret: sealed }], value: true };
  });
  if (taken) ports.signals.wake('device', device);
}

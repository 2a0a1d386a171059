// The verdicts of a cluster's minutes while it runs: of those leases that have unproven ones, and told as they come.
import { setTimeout as sleep } from 'node:timers/promises';
import type { IogClient } from '@iog/client';
import type { ClusterId, ClusterView, LeaseId } from '@iog/protocol';
import { formatInstant } from '../terminal/format.ts';
import { unprovenText, type Verdicts } from './cluster-text.ts';

const lookEveryMs = 5_000;

export async function verdictsOf(client: IogClient, { leases }: Pick<ClusterView, 'leases'>): Promise<Verdicts> {
  const doubtful = leases.filter(({ unprovenMs }) => unprovenMs > 0);
  const found = await Promise.all(
    doubtful.map(async ({ id }) => [id, await client.items('cluster.minutes', { params: { lease: id } })] as const),
  );
  return new Map(found);
}

/** A line for the minutes of a lease that turned out unproven since it was last told, until `signal` fires. Never throws. */
export async function tellUnproven(client: IogClient, cluster: ClusterId, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const told = new Map<LeaseId, number>();
  while (!signal.aborted) {
    try {
      const { leases } = await client.call('cluster.show', { params: { cluster }, signal });
      const fresh = leases.filter(({ id, unprovenMs }) => unprovenMs > (told.get(id) ?? 0));
      const verdicts = await verdictsOf(client, { leases: fresh });
      for (const { id, deviceName, unprovenMs } of fresh) {
        const minutes = verdicts.get(id) ?? [];
        say(`${formatInstant(Date.now())}  ${'minute.unproven'.padEnd(18)}  ${unprovenText(deviceName, unprovenMs, minutes)}`);
        told.set(id, unprovenMs);
      }
      await sleep(lookEveryMs, undefined, { signal });
    } catch {
      // Control is away or the watch is over; the events say so.
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

// Nodes that a running cluster lacks: placed on free units at no more than its top rate, within its cap.
import type { DeviceId, Instant, LeaseId, Slice } from '@iog/protocol';
import type { ClusterRow, DeviceRow, LeaseRow, Row } from '../rows.ts';
import { type Decision, accept } from '../decision.ts';
import { takeSlice } from '../fleet/index.ts';
import { reserve } from '../lease/lease.ts';
import { tell } from './story.ts';

export interface Replacement {
  readonly lease: LeaseId;
  readonly device: DeviceRow;
  readonly group: number;
  readonly slice: Slice;
  readonly rateMicroPerHour: bigint;
}

/**
 * Adds these nodes to the cluster; the first becomes the head where `needsHead`. The secret is at hand for devices that the renter sealed it to;
 * for others a surviving worker seals it. Rejects `units.taken` when a slice is gone.
 */
export function addNodes(
  cluster: ClusterRow,
  nodes: readonly Replacement[],
  needsHead: boolean,
  now: Instant,
): Decision<readonly LeaseRow[]> {
  const devices = new Map<string, DeviceRow>();
  const leases: LeaseRow[] = [];
  for (const [i, node] of nodes.entries()) {
    const taken = takeSlice(devices.get(node.device.id) ?? node.device, node.lease, node.slice);
    if (!taken.ok) return taken;
    devices.set(node.device.id, taken.value);
    const role = needsHead && i === 0 ? 'head' : 'member';
    leases.push(
      reserve(
        {
          id: node.lease,
          cluster,
          device: node.device,
          slice: node.slice,
          rateMicroPerHour: node.rateMicroPerHour,
          role,
          group: node.group,
          sealedSecret: sealedFor(cluster, node.device.id),
        },
        now,
      ),
    );
  }
  const grown: ClusterRow = {
    ...cluster,
    head: needsHead ? (leases[0]?.id ?? null) : cluster.head,
    leases: [...cluster.leases, ...leases.map((lease) => lease.id)],
    replacements: cluster.replacements + leases.length,
  };
  const told = tell(
    grown,
    now,
    leases.map((lease) => ({
      event: 'lease.replaced',
      subject: lease.id,
      detail: `${lease.role} on ${lease.deviceName}: assigned in place of a lost node`,
    })),
  );
  const rows: Row[] = [told.cluster, ...told.events, ...devices.values(), ...leases];
  return accept(rows, leases);
}

function sealedFor(cluster: ClusterRow, device: DeviceId): string | null {
  return cluster.secrets.sealedTo[device] ?? null;
}

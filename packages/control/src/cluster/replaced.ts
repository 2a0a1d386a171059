// Nodes in place of those that a cluster has lost, on devices that are connected: looked at page by page, until enough fit.
import {
  type ClusterStep,
  type DeviceRow,
  type PlacedNode,
  type Replacement,
  type Row,
  addNodes,
  groupsOf,
  isLive,
  placeReplacement,
  takeSlice,
} from '@iog/core';
import { type ControlPorts, type Read, newId } from '../ports.ts';

/** A step never looks at more devices than pages of them. Those that were admitted first are looked at first. */
const devicesLooked = { atOnce: 500, pages: 40 } as const;

type Ports = Pick<ControlPorts, 'store' | 'live' | 'clock' | 'random' | 'policy'>;

/**
 * Nodes for what is missing, one after the other, each of its own group's shape, on units that are free after the one before. Where none fits
 * a group, the others are still looked for; but a new incarnation needs its head first.
 */
export async function replaced(ports: Ports, read: Read, step: ClusterStep, now: number): Promise<readonly Row[]> {
  const { found, more } = connectedDevices(ports);
  const nodes: Replacement[] = [];
  const without = new Set<number>();
  for (const group of step.wanted) {
    if (without.has(group)) continue;
    let node = placedIn(ports, step, { group, nodes, found, now });
    while (!node && (await more())) node = placedIn(ports, step, { group, nodes, found, now });
    const device = node && (await read.one('device', node.device.id));
    const lease = newId(ports, 'lea');
    const taken = node && device ? takeSlice(found.get(device.id) ?? device, lease, node.slice) : undefined;
    if (!node || !device || !taken?.ok) {
      if (step.needsHead && nodes.length === 0) return [];
      without.add(group);
      continue;
    }
    found.set(device.id, taken.value);
    nodes.push({ lease, device, group, slice: node.slice, rateMicroPerHour: node.rateMicroPerHour });
  }
  if (nodes.length === 0) return [];
  const added = addNodes(step.cluster, nodes, step.needsHead, now);
  return added.ok ? added.rows : [];
}

interface Looking {
  readonly group: number;
  readonly nodes: readonly Replacement[];
  readonly found: ReadonlyMap<string, DeviceRow>;
  readonly now: number;
}

function placedIn(
  { live, policy }: Ports,
  { cluster, leases }: ClusterStep,
  { group, nodes, found, now }: Looking,
): PlacedNode | undefined {
  const isHeld = nodes.length > 0 || leases.some((lease) => isLive(lease) && lease.sealedSecret !== null);
  // While no live node has the secret, none can be sealed to a device that the renter did not name: it would wait in vain.
  const fitting = [...found.values()].filter((device) => isHeld || cluster.secrets.sealedTo[device.id] !== undefined);
  const candidates = fitting.map((device) => ({ device, connected: true, rttMs: live.seen(device.id)?.rttMs ?? null }));
  const suppliers = [...leases.filter(isLive).map(({ supplier }) => supplier), ...nodes.map(({ device }) => device.account)];
  const maxRateMicro = groupsOf(cluster)[group]?.topRateMicroPerHour ?? cluster.topRateMicroPerHour;
  return placeReplacement(candidates, cluster.demand, { group, maxRateMicro, suppliers, now, policy }).nodes?.[0];
}

interface Devices {
  /** As they were when they were looked at: hints, which the decision reads again. */
  readonly found: Map<string, DeviceRow>;
  /** Looks at the next page; false where there is none, or the limit is reached. */
  more(this: void): Promise<boolean>;
}

export function connectedDevices({ store, live }: Pick<Ports, 'store' | 'live'>, { atOnce, pages } = devicesLooked): Devices {
  const ids = live.connected().toSorted();
  const found = new Map<string, DeviceRow>();
  let looked = 0;
  return {
    found,
    async more() {
      const next = looked < pages ? ids.slice(looked * atOnce, (looked + 1) * atOnce) : [];
      looked += 1;
      if (next.length === 0) return false;
      for (const each of await store.load(next.map((id) => ({ kind: 'device', id }))))
        if (each) found.set(each.row.id, each.row as DeviceRow);
      return true;
    },
  };
}

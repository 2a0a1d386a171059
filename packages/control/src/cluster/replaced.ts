// Nodes in place of those that a cluster has lost, on devices that are connected: looked at page by page, until enough fit.
import { type DeviceRow, type Replacement, type Row, type stepCluster, addNodes, isLive, placeReplacement, takeSlice } from '@iog/core';
import { type ControlPorts, type Read, newId } from '../ports.ts';

/** A step never looks at more devices than pages of them. Those that were admitted first are looked at first. */
const devicesLooked = { atOnce: 500, pages: 40 } as const;

type Ports = Pick<ControlPorts, 'store' | 'live' | 'clock' | 'random' | 'policy'>;

/** Nodes for what is missing, one after the other, each on units that are free after the one before. */
export async function replaced(ports: Ports, read: Read, step: ReturnType<typeof stepCluster>, now: number): Promise<readonly Row[]> {
  const { found, more } = connectedDevices(ports);
  const nodes: Replacement[] = [];
  while (nodes.length < step.wanted) {
    const isHeld = nodes.length > 0 || step.leases.some((lease) => isLive(lease) && lease.sealedSecret !== null);
    // While no live node has the secret, none can be sealed to a device that the renter did not name: it would wait in vain.
    const fitting = [...found.values()].filter((device) => isHeld || step.cluster.secrets.sealedTo[device.id] !== undefined);
    const candidates = fitting.map((device) => ({ device, connected: true, rttMs: ports.live.seen(device.id)?.rttMs ?? null }));
    const placed = placeReplacement(candidates, step.cluster.demand, {
      group: 0,
      maxRateMicro: step.cluster.topRateMicroPerHour,
      suppliers: step.leases.filter(isLive).map(({ supplier }) => supplier),
      now,
      policy: ports.policy,
    });
    const node = placed.nodes?.[0];
    if (!node) {
      if (await more()) continue;
      break;
    }
    const device = await read.one('device', node.device.id);
    if (!device) break;
    const lease = newId(ports, 'lea');
    const taken = takeSlice(found.get(device.id) ?? device, lease, node.slice);
    if (!taken.ok) break;
    found.set(device.id, taken.value);
    nodes.push({ lease, device, slice: node.slice, rateMicroPerHour: node.rateMicroPerHour });
  }
  // A new incarnation needs a head; members alone are added as they fit.
  if (nodes.length === 0) return [];
  const added = addNodes(step.cluster, nodes, step.needsHead, now);
  return added.ok ? added.rows : [];
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

// Nodes in place of those that a cluster has lost: on the best devices that the market has for each group.
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
  shapesOf,
  takeSlice,
} from '@iog/core';
import { mostNodes } from '@iog/protocol';
import { type ControlPorts, type Read, newId } from '../ports.ts';
import type { Market } from '../market/market.ts';

type Ports = Pick<ControlPorts, 'store' | 'live' | 'clock' | 'random' | 'policy'> & { readonly market: Pick<Market, 'look'> };

/**
 * Nodes for what is missing, one after the other, each of its own group's shape, on units that are free after the one before. Where none fits
 * a group, the others are still looked for; but a new incarnation needs its head first.
 */
export async function replaced(ports: Ports, read: Read, step: ClusterStep, now: number): Promise<readonly Row[]> {
  const found = await bestDevices(ports, step, now);
  const nodes: Replacement[] = [];
  const without = new Set<number>();
  for (const group of step.wanted) {
    if (without.has(group)) continue;
    const node = placedIn(ports, step, { group, nodes, found, now });
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
  const candidates = fitting.map((device) => ({
    device,
    connected: live.isConnected(device.id),
    rttMs: live.seen(device.id)?.rttMs ?? null,
  }));
  const suppliers = [...leases.filter(isLive).map(({ supplier }) => supplier), ...nodes.map(({ device }) => device.account)];
  const maxRateMicro = groupsOf(cluster)[group]?.topRateMicroPerHour ?? cluster.topRateMicroPerHour;
  return placeReplacement(candidates, cluster.demand, { group, maxRateMicro, suppliers, now, policy }).nodes?.[0];
}

/**
 * Of each group that lacks nodes, as many of the best devices as it can need, and those that the renter sealed the secret to, as they were when
 * they were looked at: hints, which the decision reads again.
 */
async function bestDevices(
  { store, market }: Ports,
  { cluster, leases, wanted }: ClusterStep,
  now: number,
): Promise<Map<string, DeviceRow>> {
  const { more: _, maxMicroPerHour: _price, ...rest } = cluster.demand;
  const shapes = shapesOf(cluster.demand);
  // Where no two nodes may be of one supplier, the suppliers that are there already stand in the way of none that are looked for.
  const nodes = Math.min(mostNodes, wanted.length + (cluster.demand.spreadOver ? leases.filter(isLive).length : 0));
  const found = new Map<string, DeviceRow>();
  for (const group of new Set(wanted)) {
    const shape = shapes[group];
    if (!shape) continue;
    const { gpu: _gpu, ...whole } = rest;
    const { candidates } = await market.look({ ...whole, ...shape, nodes, durationMs: rest.durationMs }, now);
    for (const { device } of candidates) found.set(device.id, device);
  }
  const sealed = Object.keys(cluster.secrets.sealedTo).filter((id) => !found.has(id));
  const rows = await store.load(sealed.slice(0, mostNodes).map((id) => ({ kind: 'device', id })));
  for (const each of rows) if (each) found.set(each.row.id, each.row as DeviceRow);
  return found;
}

// What a demand asks for, group by group, and what no fleet could ever answer.
import type { Demand, NodeShape, Rejection } from '@iog/protocol';
import { formatDurationMs, mostNodes } from '@iog/protocol';

/** The groups of nodes in their order: the first holds the head. */
export function shapesOf({ nodes, coresPerNode, memoryBytesPerNode, gpu, more = [] }: Demand): readonly NodeShape[] {
  return [{ nodes, coresPerNode, memoryBytesPerNode, ...(gpu ? { gpu } : {}) }, ...more];
}

export function nodesOf(demand: Demand): number {
  return shapesOf(demand).reduce((sum, { nodes }) => sum + nodes, 0);
}

/** Why a demand contradicts itself, as `request.refused`; undefined where it does not. */
export function contradiction(demand: Demand): Rejection | undefined {
  const detail = contradictionOf(demand);
  return detail === undefined ? undefined : { code: 'request.refused', context: { detail } };
}

function contradictionOf(demand: Demand): string | undefined {
  const { suppliers, withoutSuppliers = [], maxMicroPerHour = '0', capMicro = '0' } = demand;
  const [shapes, nodes] = [shapesOf(demand), nodesOf(demand)];
  if (nodes > mostNodes) return `its groups come to ${nodes} nodes, and a cluster has at most ${mostNodes}`;
  const longer = demand.more?.find(({ durationMs = 0 }) => durationMs > demand.durationMs);
  if (longer) {
    return `a group of nodes for ${formatDurationMs(longer.durationMs ?? 0)} outlasts its cluster, which is for ${formatDurationMs(demand.durationMs)}`;
  }
  if (demand.cuda !== undefined && shapes.every(({ gpu }) => gpu === undefined)) return 'cuda is of a GPU, and no node asks for one';
  if (BigInt(maxMicroPerHour) < 0n) return 'maxMicroPerHour is below zero';
  if (BigInt(capMicro) < 0n) return 'capMicro is below zero';
  const both = suppliers?.find((supplier) => withoutSuppliers.includes(supplier));
  if (both !== undefined) return `the supplier ${both} is both asked for and left out`;
  if (demand.spreadOver === 'suppliers' && suppliers !== undefined && suppliers.length < nodes) {
    return `${nodes} nodes, each of another supplier, do not go on the ${suppliers.length} that are asked for`;
  }
  return undefined;
}

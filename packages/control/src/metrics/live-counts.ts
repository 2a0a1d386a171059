// How many clusters and leases are in which state, for whoever watches: of what lives, counted at most every few seconds.
import type { ClusterRow, LeaseRow } from '@iog/core';
import { mostRowsOfQuery } from '../store/store.ts';
import type { ControlPorts } from '../ports.ts';

type Counts = Readonly<Record<string, number>>;
export interface LiveCounts {
  readonly clusters: Counts;
  /** Of live clusters: those that are settled already are among them. */
  readonly leases: Counts;
}

const keptForMs = 5_000;

/** Of more live clusters than one query gives, the first are counted: enough to see, and bounded. */
export function liveCounts({ store, clock }: Pick<ControlPorts, 'store' | 'clock'>): () => Promise<LiveCounts> {
  let kept: { readonly at: number; readonly counts: Promise<LiveCounts> } | undefined;
  const count = async (): Promise<LiveCounts> => {
    const clusters = (await store.query({ kind: 'cluster', index: 'live', limit: mostRowsOfQuery })).map(({ row }) => row as ClusterRow);
    const leases = await store.load(clusters.flatMap((cluster) => cluster.leases.map((id) => ({ kind: 'lease', id }))));
    return {
      clusters: byState(clusters),
      leases: byState(leases.flatMap((found) => (found ? [found.row as LeaseRow] : []))),
    };
  };
  return () => {
    const at = clock.now();
    if (!kept || at - kept.at >= keptForMs) kept = { at, counts: count() };
    return kept.counts;
  };
}

function byState(rows: readonly { readonly state: string }[]): Counts {
  return Object.fromEntries([...Map.groupBy(rows, ({ state }) => state)].map(([state, all]) => [state, all.length]));
}

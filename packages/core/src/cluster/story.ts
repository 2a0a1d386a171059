// A cluster's story: numbered events that are committed with the changes they tell of.
import type { Instant } from '@iog/protocol';
import type { ClusterRow, EventRow } from '../rows.ts';

export interface Telling {
  readonly event: string;
  readonly subject: string;
  readonly detail: string;
}

export function eventId(cluster: string, seq: number): string {
  return `${cluster}/${String(seq).padStart(8, '0')}`;
}

/** The cluster with its count of events moved on, and the rows of these events. */
export function tell(cluster: ClusterRow, now: Instant, tellings: readonly Telling[]): { cluster: ClusterRow; events: EventRow[] } {
  const events = tellings.map(({ event, subject, detail }, i): EventRow => {
    const seq = cluster.events + i + 1;
    return { kind: 'event', id: eventId(cluster.id, seq), cluster: cluster.id, seq, at: now, event, subject, detail: detail.slice(0, 512) };
  });
  return { cluster: { ...cluster, events: cluster.events + events.length }, events };
}

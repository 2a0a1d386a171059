// The rows by which several control processes over one store meet: who lives, who runs what, and where each device has its session.
import type { DeviceId, Instant } from '@iog/protocol';
import type { Absence, PulseRecord } from '../timelock/rows.ts';

/** To whom the store belongs: only who has this key signs for the network. */
export interface NetworkRow {
  readonly kind: 'network';
  readonly id: 'network';
  readonly publicKey: string;
}

/** One data directory's control process. `generation` counts its starts; it lives while `until`, which it renews, is not over. */
export interface ReplicaRow {
  readonly kind: 'replica';
  readonly id: string;
  readonly generation: number;
  readonly since: Instant;
  readonly until: Instant;
}

/** Who runs the loops of one share of the clusters. `generation` counts claims: a step that read an older one commits nothing. */
export interface ShardRow {
  readonly kind: 'shard';
  readonly id: string;
  /** Empty: given up, free for anyone. */
  readonly owner: string;
  readonly generation: number;
}

/** One session of a device, as the replica that holds it last wrote it down. */
export interface SessionRecord {
  readonly replica: string;
  /** The replica's generation: a later one has forgotten the session. */
  readonly life: number;
  readonly epoch: number;
  readonly from: Instant;
  readonly seenAt: Instant;
  /** When this was written: what came later is not known yet. */
  readonly writtenAt: Instant;
  /** Every pulse that was sent before it has its answer, or has missed it, and is written down. */
  readonly settledTo: Instant;
  readonly closedAt: Instant | null;
}

/** Of a device that was in a session while more than one replica lived: its latest sessions, its pulses of late, its absences. */
export interface PresenceRow {
  readonly kind: 'presence';
  readonly id: DeviceId;
  /** By epoch, oldest first. */
  readonly sessions: readonly SessionRecord[];
  readonly pulses: readonly PulseRecord[];
  readonly absences: readonly Absence[];
  readonly rttMs: number | null;
}

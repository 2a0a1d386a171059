// The rows of jobs: one Ray job on a cluster, the blobs (sealed packages and log segments) of jobs, and what an account stores of them.
import type { AccountId, AssignedJob, ClusterId, Instant, JobId, JobState } from '@iog/protocol';

export interface JobRow {
  readonly kind: 'job';
  readonly id: JobId;
  readonly cluster: ClusterId;
  readonly account: AccountId;
  readonly name: string;
  readonly state: JobState;
  readonly detail: string;
  readonly assigned: AssignedJob;
  readonly retries: number;
  readonly incarnation: number;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly exitCode: number | null;
  readonly tasksPerNode: Readonly<Record<string, number>>;
  readonly logSegments: number;
}

/**
 * A blob that is wanted in the directory of blobs; its id is its name there. `coming` may not be there yet, `stored` is there for certain,
 * `going` is being removed, and nothing may refer to it any more.
 */
export interface BlobRow {
  readonly kind: 'blob';
  readonly id: string;
  /** The sum that it counts toward. */
  readonly shelf: string;
  readonly bytes: number;
  readonly state: 'coming' | 'stored' | 'going';
  readonly keepUntil: Instant;
}

/** The sum of an account's blobs of one sort. Id: `<account>/packages` or `<account>/logs`. */
export interface ShelfRow {
  readonly kind: 'shelf';
  readonly id: string;
  readonly bytes: number;
}

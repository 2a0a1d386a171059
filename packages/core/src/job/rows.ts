// The row of a job: one Ray job on a cluster.
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

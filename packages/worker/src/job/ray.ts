// What jobs need of a cluster's Ray, and how its words for a job's state are ours.
import type { JobState } from '@iog/protocol';

export interface RayJob {
  readonly status: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'STOPPED';
  readonly message?: string | null;
  readonly exitCode?: number | null;
}
export interface Submission {
  readonly submissionId: string;
  readonly entrypoint: string;
  readonly packageUri?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}
export interface RayJobs {
  uploadPackage(zip: Uint8Array): Promise<string>;
  submit(submission: Submission): Promise<unknown>;
  info(submissionId: string): Promise<RayJob | undefined>;
  stop(submissionId: string): Promise<unknown>;
  /** Tells the log from its beginning until it ends or `signal` fires. */
  tailLogs(submissionId: string, onText: (text: string) => void, signal: AbortSignal): Promise<void>;
  logs(submissionId: string): Promise<string>;
  tasksPerNode(submissionId: string): Promise<Readonly<Record<string, number>>>;
}

const states: Readonly<Record<RayJob['status'], JobState>> = {
  PENDING: 'submitted',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  STOPPED: 'stopped',
};

export function jobStateOf({ status }: RayJob): JobState {
  return states[status];
}

export function isOpen(state: JobState): boolean {
  return state === 'waiting' || state === 'submitted' || state === 'running';
}

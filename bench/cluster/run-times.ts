// The moments of one start of a cluster, in milliseconds since it was asked for, by the wall clock that all processes of the host share.

/** In the order in which they happen. `spawned`: both nodes' processes run. `submitted`: Ray has the job; before that it waits for the head. */
export const moments = [
  'spawned',
  'headReady',
  'membersJoined',
  'submitted',
  'driverStarted',
  'imported',
  'connected',
  'nodesSeen',
  'tasks',
] as const;
export type Moment = (typeof moments)[number];
export type RunTimes = Readonly<Record<Moment, number>>;

/** What the job prints: seconds of the wall clock. */
interface JobTimes {
  readonly driverStarted: number;
  readonly imported: number;
  readonly connected: number;
  readonly nodesSeen: number;
  readonly done: readonly number[];
}

/** Moments seen from outside, as instants; 0 until then. */
export interface Seen {
  spawned: number;
  headReady: number;
  membersJoined: number;
  submitted: number;
}

export function runTimes(startedAt: number, seen: Readonly<Seen>, printed: unknown): RunTimes {
  const job = printed as JobTimes | undefined;
  if (job?.done.length !== 2) throw new Error(`the job did not tell of two tasks: ${JSON.stringify(printed)}`);
  const since = (seconds: number): number => Math.round(seconds * 1_000 - startedAt);
  return {
    spawned: seen.spawned - startedAt,
    headReady: seen.headReady - startedAt,
    membersJoined: seen.membersJoined - startedAt,
    submitted: seen.submitted - startedAt,
    driverStarted: since(job.driverStarted),
    imported: since(job.imported),
    connected: since(job.connected),
    nodesSeen: since(job.nodesSeen),
    tasks: since(Math.max(...job.done)),
  };
}

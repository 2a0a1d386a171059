// The named points at which a process of the product can be made to die, and which process each belongs to.

/** Where control dies: around a commit, around the naming of a blob, and between evidence that is stored and its acknowledgement. */
export const controlPoints = [
  'store.before-transaction',
  'store.before-commit',
  'store.after-commit',
  'evidence.after-commit',
  'blob.before-sync',
  'blob.before-link',
  'blob.after-link',
] as const;

/** Where a worker dies: around the spool's append and its fsync, around sending and acknowledgement, around its small files. */
export const workerPoints = [
  'spool.before-append',
  'spool.torn-append',
  'spool.before-sync',
  'spool.after-sync',
  'evidence.before-send',
  'evidence.after-send',
  'evidence.before-acknowledged',
  'evidence.after-acknowledged',
  'record.before-rename',
  'record.after-rename',
] as const;

export type ControlPoint = (typeof controlPoints)[number];
export type WorkerPoint = (typeof workerPoints)[number];
export type Point = ControlPoint | WorkerPoint;

/** What the harness tells a process of its own: die at this point, when it is passed for the n-th time from now. */
export interface Arm {
  readonly point: Point;
  readonly times: number;
}

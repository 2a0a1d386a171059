// The jobs of one head, from its start on: what the assignment lists is opened at once and goes to Ray as soon as Ray takes it; what it lists
// no longer is let go.
import type { AssignedJob, JobId, ObservedJob } from '@iog/protocol';
import { pause, saying } from '../ports.ts';
import { JobRun, type JobPorts } from './job-run.ts';
import { isOpen, jobStateOf } from './ray.ts';

const lastLogsWithinMs = 5_000;
/** How long a job that is let go is stopped in Ray for, again and again, until Ray says that it is over. */
const stopWithinMs = 60_000;
const stopEveryMs = 500;

export class Jobs {
  readonly #ports: JobPorts;
  readonly #runs = new Map<JobId, JobRun>();
  readonly #over = new AbortController();
  #busyAtMs: number;

  constructor(ports: JobPorts) {
    this.#ports = ports;
    this.#busyAtMs = ports.clock.monoMs();
  }

  want(jobs: readonly AssignedJob[]): void {
    const wanted = new Set(jobs.map(({ job }) => job));
    for (const [job, run] of this.#runs) {
      if (!wanted.has(job)) this.#letGo(job, run);
    }
    for (const job of jobs) {
      const run = this.#runs.get(job.job);
      if (run !== undefined && run.attempt >= job.attempt) {
        if (run.attempt === job.attempt) run.want(job);
        continue;
      }
      if (run !== undefined) void run.abandon();
      const fresh = new JobRun(job, this.#ports);
      this.#runs.set(job.job, fresh);
      fresh.start();
    }
  }

  observed(): ObservedJob[] {
    return [...this.#runs.values()].map((run) => run.observed());
  }

  /** How long no job has been open on a head that was ready. */
  idleMs(): number {
    const nowMs = this.#ports.clock.monoMs();
    if (!this.#ports.isReady() || [...this.#runs.values()].some((run) => run.isActive)) this.#busyAtMs = nowMs;
    return nowMs - this.#busyAtMs;
  }

  /** Before the node is stopped: the logs so far are brought to control, within a limit. */
  async finish(): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#runs.values()].map((run) => run.finish(lastLogsWithinMs)));
    for (const job of this.#runs.keys()) this.#ports.records.drop(job);
  }

  /** The worker stops and the node stays: nothing is lost, the next start goes on. */
  async abandon(): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#runs.values()].map((run) => run.abandon()));
  }

  #letGo(job: JobId, run: JobRun): void {
    this.#runs.delete(job);
    void run
      .letGo()
      .then(() => (run.isOverInRay ? undefined : this.#stopInRay(job)))
      .finally(() => this.#ports.records.drop(job));
  }

  /** A submission that was under way may have come through: what Ray has of the job is stopped until Ray says that it is over. */
  async #stopInRay(job: JobId): Promise<void> {
    const { ray, clock, log } = this.#ports;
    const { signal } = this.#over;
    const untilMs = clock.monoMs() + stopWithinMs;
    let fault = '';
    while (!signal.aborted && clock.monoMs() < untilMs) {
      try {
        const known = await ray.info(job);
        if (known === undefined || !isOpen(jobStateOf(known))) return;
        fault = 'it is still open';
        await ray.stop(job);
      } catch (error) {
        fault = saying(error);
      }
      await pause(clock, stopEveryMs, signal);
    }
    if (!signal.aborted) log({ level: 'warn', event: 'job.not-stopped', job, error: fault });
  }
}

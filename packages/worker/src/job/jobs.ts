// The jobs of one head: what the assignment lists runs, what it lists no longer is let go.
import type { AssignedJob, JobId, ObservedJob } from '@iog/protocol';
import { JobRun, type JobPorts } from './job-run.ts';

const lastLogsWithinMs = 5_000;

export class Jobs {
  readonly #ports: JobPorts;
  readonly #runs = new Map<JobId, JobRun>();
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

  /** How long no job has been open. */
  idleMs(): number {
    const nowMs = this.#ports.clock.monoMs();
    if ([...this.#runs.values()].some((run) => run.isActive)) this.#busyAtMs = nowMs;
    return nowMs - this.#busyAtMs;
  }

  /** Before the node is stopped: the logs so far are brought to control, within a limit. */
  async finish(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.finish(lastLogsWithinMs)));
    for (const job of this.#runs.keys()) this.#ports.records.drop(job);
  }

  /** The worker stops and the node stays: nothing is lost, the next start goes on. */
  async abandon(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.abandon()));
  }

  #letGo(job: JobId, run: JobRun): void {
    const isActive = run.isActive && run.observed().state !== 'waiting';
    this.#runs.delete(job);
    void run
      .abandon()
      .then(async () => {
        if (isActive) await this.#ports.ray.stop(job);
      })
      .catch(() => undefined)
      .finally(() => this.#ports.records.drop(job));
  }
}

// One job on this head's Ray: opened, submitted once, followed to its end, its log brought to control. Safe to begin again at any point.
import type { AssignedJob, ObservedJob } from '@iog/protocol';
import type { Http } from '../http.ts';
import { pause, saying, type Clock, type Log } from '../ports.ts';
import { JobLog } from './job-log.ts';
import type { JobRecords } from './job-record.ts';
import { JobFault, prepareJob, type PreparedJob } from './prepare-job.ts';
import { isOpen, jobStateOf, type RayJob, type RayJobs } from './ray.ts';

const fastPollMs = 200;
const slowPollMs = 1_000;
const fastPolls = 25;
const submitTries = 20;
const retryMs = 500;
/** While the head starts, its Ray is tried so often: each try is a connection that is refused. */
const startingPollMs = 200;
/** How long one who lets go waits for a call to Ray that is under way. */
const underWayWithinMs = 1_000;
/** The end of a job is reported after its last segment, but not held up longer than this. */
const lastLogWithinMs = 15_000;

export interface JobPorts {
  readonly ray: RayJobs;
  readonly http: Http;
  readonly records: JobRecords;
  readonly ageIdentity: string;
  readonly recipients: readonly string[];
  /** Before the head's node is ready, a Ray that does not answer is no fault. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly changed: () => void;
}

type Seen = Pick<ObservedJob, 'state' | 'exitCode' | 'detail' | 'tasksPerNode'>;

export class JobRun {
  readonly #ports: JobPorts;
  readonly #abort = new AbortController();
  readonly #log: JobLog;
  #want: AssignedJob;
  #seen: Seen = { state: 'waiting', exitCode: null, detail: '', tasksPerNode: {} };
  #done: Promise<void> = Promise.resolve();
  #prepared: Promise<PreparedJob> | undefined;
  #packageUri: string | undefined;
  #isOverInRay = false;
  #uploading: Promise<void> = Promise.resolve();

  constructor(want: AssignedJob, ports: JobPorts) {
    this.#want = want;
    this.#ports = ports;
    const { recipients, http, records, clock, log, changed } = ports;
    this.#log = new JobLog({ job: want.job, attempt: want.attempt, recipients, http, records, clock, log, changed });
  }

  start(): void {
    this.#done = this.#run().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#report({ state: 'failed', detail: saying(error) });
    });
  }

  want(job: AssignedJob): void {
    this.#want = job;
  }

  get attempt(): number {
    return this.#want.attempt;
  }

  get isActive(): boolean {
    return isOpen(this.#seen.state);
  }

  /** Ray has told the job's end: nothing of it is left to be stopped. */
  get isOverInRay(): boolean {
    return this.#isOverInRay;
  }

  observed(): ObservedJob {
    return { job: this.#want.job, attempt: this.#want.attempt, ...this.#seen, logSegments: this.#log.segments };
  }

  /** Brings what Ray has of the log to control, for as long as `withinMs`; then lets go. The job itself goes with its node. */
  async finish(withinMs: number): Promise<void> {
    if (this.isActive && this.#seen.state !== 'waiting') {
      await this.#lastOfLog(withinMs);
      await this.#within(withinMs, this.#uploading);
    }
    await this.abandon();
  }

  /** Lets go at once; another start goes on from what is recorded. A call to Ray that is under way is not waited for long. */
  async abandon(): Promise<void> {
    await this.#within(underWayWithinMs, this.letGo());
  }

  /** Lets go, and resolves only when no call to Ray is under way: a submission may have come through. */
  async letGo(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    this.#prepare().catch(() => undefined);
    const job = await this.#submitted();
    if (job === undefined) return;
    this.#uploading = this.#log.run(signal);
    const tail = new AbortController();
    const tailing = this.#tail(AbortSignal.any([signal, tail.signal]));
    const ended = await this.#follow(job);
    if (ended !== undefined) {
      this.#isOverInRay = true;
      await this.#lastOfLog(lastLogWithinMs);
      await this.#within(lastLogWithinMs, this.#uploading);
    }
    tail.abort();
    await tailing;
    if (ended === undefined || signal.aborted) return;
    const tasksPerNode = await this.#tasks();
    const exitCode = ended.exitCode ?? (ended.status === 'SUCCEEDED' ? 0 : null);
    // Ray's own message quotes the log: it stays in the sealed segments.
    const detail =
      ended.status === 'FAILED' ? `the job failed${exitCode === null ? '' : ` with exit code ${exitCode}`}; its log says more` : '';
    this.#report({ state: jobStateOf(ended), exitCode, detail, tasksPerNode });
    this.#abort.abort();
  }

  /** The job as Ray has it, submitted now unless it was before. Undefined when it ended here without Ray. */
  async #submitted(): Promise<RayJob | undefined> {
    const { ray, clock, isReady } = this.#ports;
    const { signal } = this.#abort;
    let isAsked = false;
    for (let tries = 1; !signal.aborted;) {
      try {
        // Asked until Ray has answered once; a submission that is repeated is none.
        const known = isAsked ? undefined : await ray.info(this.#want.job);
        if (known !== undefined) return known;
        if (this.#seen.state === 'submitted') throw new Error('Ray does not know the job that it took');
        isAsked = true;
        if (this.#want.stop) {
          this.#report({ state: 'stopped', detail: 'stopped before it began' });
          return undefined;
        }
        await this.#submit();
        isAsked = false;
      } catch (error) {
        if (error instanceof JobFault) throw error;
        if (this.#seen.state === 'submitted') isAsked = false;
        if (!isReady()) {
          await pause(clock, startingPollMs, signal);
          continue;
        }
        if (tries++ >= submitTries) throw error;
        this.#report({ state: 'waiting', detail: `cannot be submitted yet: ${saying(error)}` });
        await pause(clock, retryMs, signal);
      }
    }
    return undefined;
  }

  async #submit(): Promise<void> {
    const { ray } = this.#ports;
    const { entrypoint, env, zip } = await this.#prepare();
    if (this.#abort.signal.aborted) return;
    if (zip !== undefined) this.#packageUri ??= await ray.uploadPackage(zip);
    const packageUri = this.#packageUri;
    const submission = { submissionId: this.#want.job, entrypoint, env, metadata: { attempt: String(this.#want.attempt) } };
    if (this.#abort.signal.aborted) return;
    await ray.submit(packageUri === undefined ? submission : { ...submission, packageUri });
    this.#report({ state: 'submitted', detail: '' });
  }

  /** Done once, while the head starts; what failed for a reason that may pass is done again. */
  #prepare(): Promise<PreparedJob> {
    this.#prepared ??= prepareJob(this.#want, this.#ports).catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #follow(first: RayJob): Promise<RayJob | undefined> {
    const { ray, clock } = this.#ports;
    const { signal } = this.#abort;
    let job: RayJob = first;
    for (let polls = 0; !signal.aborted; polls++) {
      if (!isOpen(jobStateOf(job))) return job;
      this.#report({ state: jobStateOf(job), detail: '' });
      try {
        if (this.#want.stop) await ray.stop(this.#want.job);
        job = (await ray.info(this.#want.job)) ?? job;
      } catch {
        // A dashboard that does not answer is the node's matter; it is asked again.
      }
      if (!isOpen(jobStateOf(job))) return job;
      await pause(clock, polls < fastPolls ? fastPollMs : slowPollMs, signal);
    }
    return undefined;
  }

  /** Each tail tells the log from its beginning; what was taken before is left out by its offset. */
  async #tail(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let offset = 0;
      const take = (text: string): void => {
        const bytes = Buffer.from(text);
        this.#log.take(offset, bytes);
        offset += bytes.length;
      };
      try {
        await this.#ports.ray.tailLogs(this.#want.job, take, signal);
      } catch {
        // Not there yet, or cut: begun again.
      }
      await pause(this.#ports.clock, slowPollMs, signal);
    }
  }

  async #lastOfLog(withinMs: number): Promise<void> {
    const whole = this.#ports.ray.logs(this.#want.job).then(
      (text) => this.#log.take(0, Buffer.from(text)),
      () => undefined,
    );
    await this.#within(withinMs, whole);
    this.#log.end();
  }

  async #tasks(): Promise<Record<string, number>> {
    try {
      return { ...(await this.#ports.ray.tasksPerNode(this.#want.job)) };
    } catch {
      return {};
    }
  }

  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    const limit = new AbortController();
    await Promise.race([work, pause(this.#ports.clock, limitMs, limit.signal)]);
    limit.abort();
  }

  #report(seen: Partial<Seen>): void {
    const next = { ...this.#seen, ...seen };
    const isSame = next.state === this.#seen.state && next.detail === this.#seen.detail && next.exitCode === this.#seen.exitCode;
    this.#seen = next;
    if (!isSame) this.#ports.changed();
  }
}

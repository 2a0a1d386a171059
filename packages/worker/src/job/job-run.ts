// One job on this head's Ray: opened, submitted once, followed to its end, its log brought to control. Safe to begin again at any point.
import type { AssignedJob, JobState, ObservedJob } from '@iog/protocol';
import { fromBase64url, open, sha256hex } from '@iog/seal';
import { HttpFault, jsonOf, type Http } from '../http.ts';
import { pause, saying, type Clock, type Log } from '../ports.ts';
import { JobLog } from './job-log.ts';
import type { JobRecords } from './job-record.ts';
import { jobStateOf, type RayJob, type RayJobs } from './ray.ts';

const fastPollMs = 200;
const slowPollMs = 1_000;
const fastPolls = 25;
const submitTries = 20;
const retryMs = 500;
/** The end of a job is reported after its last segment, but not held up longer than this. */
const lastLogWithinMs = 15_000;
const mostPackageBytes = 256 * 1024 * 1024;
const mostEntrypointChars = 32_768;

export interface JobPorts {
  readonly ray: RayJobs;
  readonly http: Http;
  readonly records: JobRecords;
  readonly ageIdentity: string;
  readonly recipients: readonly string[];
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

  /** Lets go at once; another start goes on from what is recorded. */
  async abandon(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const job = await this.#submitted();
    if (job === undefined) return;
    this.#uploading = this.#log.run(signal);
    const tail = new AbortController();
    const tailing = this.#tail(AbortSignal.any([signal, tail.signal]));
    const ended = await this.#follow(job);
    if (ended !== undefined) {
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
    const { signal } = this.#abort;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const known = await this.#ports.ray.info(this.#want.job);
        if (known !== undefined) return known;
        if (this.#want.stop) {
          this.#report({ state: 'stopped', detail: 'stopped before it began' });
          return undefined;
        }
        await this.#submit();
      } catch (error) {
        if (error instanceof JobFault || tries >= submitTries) throw error;
        this.#report({ state: 'waiting', detail: `cannot be submitted yet: ${saying(error)}` });
        await pause(this.#ports.clock, retryMs, signal);
      }
    }
    return undefined;
  }

  async #submit(): Promise<void> {
    const { ray, ageIdentity } = this.#ports;
    const { entrypoint, env } = await openEntrypoint(this.#want.sealedEntrypoint, ageIdentity);
    const zip = this.#want.package === null ? undefined : await this.#package(this.#want.package);
    const packageUri = zip === undefined ? undefined : await ray.uploadPackage(zip);
    const submission = { submissionId: this.#want.job, entrypoint, env, metadata: { attempt: String(this.#want.attempt) } };
    if (this.#abort.signal.aborted) return;
    await ray.submit(packageUri === undefined ? submission : { ...submission, packageUri });
    this.#report({ state: 'submitted', detail: '' });
  }

  async #package(blob: string): Promise<Uint8Array> {
    const ask = { method: 'GET', path: `/v1/device/blobs/${blob}`, mostBytes: mostPackageBytes } as const;
    const answer = await this.#ports.http(ask);
    if (answer.status !== 200) {
      try {
        jsonOf(ask, answer);
      } catch (error) {
        const isFinal = error instanceof HttpFault && (error.status === 404 || error.status === 403);
        throw isFinal ? new JobFault(`its package cannot be fetched: ${saying(error)}`) : error;
      }
    }
    if (sha256hex(answer.body) !== blob) throw new JobFault('its package is not the one that was submitted');
    return openFor(this.#ports.ageIdentity, answer.body, 'its package');
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

/** What trying again cannot mend. */
class JobFault extends Error {}

function isOpen(state: JobState): boolean {
  return state === 'waiting' || state === 'submitted' || state === 'running';
}

async function openFor(identity: string, sealed: Uint8Array, what: string): Promise<Uint8Array> {
  try {
    return await open(identity, sealed);
  } catch {
    throw new JobFault(`${what} is not sealed to this cluster`);
  }
}

async function openEntrypoint(sealed: string, identity: string): Promise<{ entrypoint: string; env: Record<string, string> }> {
  const bytes = await openFor(identity, fromBase64url(sealed), 'its entrypoint');
  const fault = new JobFault('its entrypoint is malformed');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fault;
  }
  const { entrypoint, env = {} } = (value ?? {}) as { entrypoint?: unknown; env?: unknown };
  if (typeof entrypoint !== 'string' || entrypoint === '' || entrypoint.length > mostEntrypointChars) throw fault;
  if (typeof env !== 'object' || env === null || Array.isArray(env)) throw fault;
  const pairs = Object.entries(env);
  if (pairs.some(([name, text]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof text !== 'string')) throw fault;
  return { entrypoint, env: Object.fromEntries(pairs) };
}

// RayDouble and StoreDouble: what jobs need of Ray, and of control's blobs and logs, told by the test what to do. For tests only.
import { open } from '@iog/seal';
import type { Http } from '../http.ts';
import type { RayJob, RayJobs, Submission } from '../job/ray.ts';

export class RayDouble implements RayJobs {
  readonly submitted: Submission[] = [];
  readonly uploaded: Uint8Array[] = [];
  job: RayJob | undefined;
  log = '';
  stops = 0;
  /** Stops that Ray takes without a job's ending yet. */
  stopsInVain = 0;
  isUp = true;
  /** A submission waits for it. */
  gate: Promise<unknown> = Promise.resolve();

  uploadPackage(zip: Uint8Array): Promise<string> {
    this.uploaded.push(zip);
    return Promise.resolve('gcs://package.zip');
  }

  async submit(submission: Submission): Promise<void> {
    this.submitted.push(submission);
    await this.gate;
    this.job = { status: 'RUNNING' };
  }

  info(): Promise<RayJob | undefined> {
    return this.isUp ? Promise.resolve(this.job) : Promise.reject(new Error('connection refused'));
  }

  stop(): Promise<void> {
    this.stops += 1;
    if (this.stops > this.stopsInVain) this.job = { status: 'STOPPED' };
    return Promise.resolve();
  }

  async tailLogs(_job: string, onText: (text: string) => void, signal: AbortSignal): Promise<void> {
    for (let told = 0; !signal.aborted; await new Promise((resolve) => setTimeout(resolve, 5))) {
      onText(this.log.slice(told));
      told = this.log.length;
    }
  }

  logs(): Promise<string> {
    return Promise.resolve(this.log);
  }

  tasksPerNode(): Promise<Record<string, number>> {
    return Promise.resolve({ n1: 3, n2: 4 });
  }
}

export class StoreDouble {
  readonly blobs = new Map<string, Uint8Array>();
  readonly segments = new Map<number, Uint8Array>();
  failures = 0;

  readonly http: Http = ({ method, path, body }) => {
    if (this.failures-- > 0) return Promise.reject(new Error('connection reset'));
    const name = path.split('/').at(-1) ?? '';
    if (method === 'GET') {
      const blob = this.blobs.get(name);
      return Promise.resolve(
        blob === undefined ? { status: 404, body: Buffer.from('{"detail":"There is no blob."}') } : { status: 200, body: blob },
      );
    }
    const kept = this.segments.get(Number(name)) ?? body ?? new Uint8Array();
    this.segments.set(Number(name), kept);
    return Promise.resolve({ status: 200, body: Buffer.from(JSON.stringify({ bytes: kept.length })) });
  };

  async text(identity: string): Promise<string> {
    const parts = await Promise.all([...this.segments.entries()].toSorted(([a], [b]) => a - b).map(([, bytes]) => open(identity, bytes)));
    return Buffer.concat(parts).toString();
  }
}

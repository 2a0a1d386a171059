// The log of one job on its way to control: cut into numbered segments, sealed to the renter and the cluster, none lost, none doubled.
import { routes, type JobId } from '@iog/protocol';
import { sealTo } from '@iog/seal';
import { jsonOf, type Http } from '../http.ts';
import { pause, saying, type Clock, type Log } from '../ports.ts';
import type { JobRecord, JobRecords } from './job-record.ts';

const segmentBytes = 64 * 1024;
const segmentEveryMs = 2_000;
const retryMs = 500;
const mostLogBytes = 64 * 1024 * 1024;
/** Of a log that is cut, the end is kept too: a job's result is its last line. */
const keptTailBytes = 32 * 1024;
const cutNotice = `\n[the log is longer than ${mostLogBytes / 1024 / 1024} MiB; what came here is left out]\n`;

export interface JobLogPorts {
  readonly job: JobId;
  readonly attempt: number;
  readonly recipients: readonly string[];
  readonly http: Http;
  readonly records: JobRecords;
  readonly clock: Clock;
  readonly log: Log;
  readonly changed: () => void;
  readonly mostBytes?: number;
}

export class JobLog {
  readonly #ports: JobLogPorts;
  readonly #most: number;
  #record: JobRecord;
  #waiting: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);
  /** Bytes of Ray's log taken in, uploaded or waiting. */
  #takenBytes: number;
  #isCut = false;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(ports: JobLogPorts) {
    this.#ports = ports;
    this.#most = ports.mostBytes ?? mostLogBytes;
    this.#record = ports.records.load(ports.job, ports.attempt);
    this.#takenBytes = this.#record.coveredBytes;
  }

  get segments(): number {
    return this.#record.segments;
  }

  /** Where in Ray's log the next text is wanted from. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** `bytes` of Ray's log that begin at `offset`; what was taken before is left out. */
  take(offset: number, bytes: Buffer): void {
    if (this.#isEnded || offset > this.#takenBytes) return;
    const fresh = bytes.subarray(this.#takenBytes - offset);
    if (fresh.length === 0) return;
    const room = Math.max(0, this.#most - this.#takenBytes);
    this.#takenBytes += fresh.length;
    if (room > 0) this.#waiting = Buffer.concat([this.#waiting, fresh.subarray(0, room)]);
    if (fresh.length > room) {
      this.#isCut = true;
      this.#tail = Buffer.concat([this.#tail, fresh.subarray(room)]).subarray(-keptTailBytes);
    }
    if (this.#waiting.length >= segmentBytes) this.#wake?.();
  }

  /** No more text comes: what waits is uploaded at once. */
  end(): void {
    if (this.#isEnded) return;
    if (this.#isCut) this.#waiting = Buffer.concat([this.#waiting, Buffer.from(cutNotice), this.#tail]);
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Uploads until the log has ended and all of it is at control, or until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { pending } = this.#record;
      const isDue = this.#waiting.length >= (pending?.bytes ?? segmentBytes);
      if (!isDue && !this.#isEnded) {
        await this.#rest(segmentEveryMs, signal);
        if (this.#waiting.length < (pending?.bytes ?? 1) && !this.#isEnded) continue;
        if (signal.aborted) return;
      }
      if (this.#waiting.length === 0) {
        if (this.#isEnded) return;
        continue;
      }
      await this.#upload(signal);
    }
  }

  async #upload(signal: AbortSignal): Promise<void> {
    const { job, recipients, log, clock } = this.#ports;
    const bytes = Math.min(this.#waiting.length, this.#record.pending?.bytes ?? segmentBytes * 4);
    if (this.#record.pending === null) {
      await this.#keep({ ...this.#record, pending: { segment: this.#record.segments, bytes } }, signal);
      if (signal.aborted) return;
    }
    const plain = this.#waiting.subarray(0, bytes);
    const sealed = await sealTo(recipients, plain);
    let segment = this.#record.pending?.segment ?? this.#record.segments;
    while (!signal.aborted) {
      try {
        // Segments are kept as they came first. One of another length is from a head before this one: the next number is tried.
        if ((await this.#put(segment, sealed)) === sealed.length) break;
        segment += 1;
      } catch (error) {
        log({ level: 'warn', event: 'job.log-waits', job, error: saying(error) });
        await pause(clock, retryMs, signal);
      }
    }
    if (signal.aborted) return;
    this.#waiting = this.#waiting.subarray(bytes);
    await this.#keep({ ...this.#record, segments: segment + 1, coveredBytes: this.#record.coveredBytes + bytes, pending: null }, signal);
    this.#ports.changed();
  }

  /** On disk before anything follows from it: a full one is waited for. */
  async #keep(record: JobRecord, signal: AbortSignal): Promise<void> {
    const { records, job, log, clock } = this.#ports;
    this.#record = record;
    while (!signal.aborted) {
      try {
        return records.save(job, record);
      } catch (error) {
        log({ level: 'warn', event: 'job.log-waits', job, error: saying(error) });
        await pause(clock, retryMs, signal);
      }
    }
  }

  async #put(segment: number, body: Uint8Array): Promise<number> {
    const path = routes['device.log'].path.replace(':job', this.#ports.job).replace(':segment', String(segment));
    const ask = { method: 'PUT', path, body, type: 'application/octet-stream' } as const;
    const { bytes } = jsonOf(ask, await this.#ports.http(ask)) as { bytes?: unknown };
    return typeof bytes === 'number' ? bytes : body.length;
  }

  #rest(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#wake = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#ports.clock.after(delayMs, done);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

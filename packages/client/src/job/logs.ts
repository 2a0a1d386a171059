// A job's log: the sealed segments that outlive the cluster and, while it runs, the live tail through the tunnel. Both are the same bytes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterView, JobId, JobView } from '@iog/protocol';
import { open, type ClusterSecrets } from '@iog/seal';
import type { IogClient } from '../api/iog-client.ts';
import { openSecrets } from '../rent/renter.ts';
import { liveTail } from './live-tail.ts';

export interface LogOptions {
  readonly signal?: AbortSignal;
  /** Whether to try the tunnel while the job runs; segments alone are later, and need no tunnel. */
  readonly live?: boolean;
  readonly pollMs?: number;
}

const defaultPollMs = 500;
const tailPauseMs = 1_000;
// A worker saves the last segment around the time it reports the end.
const graceAfterEndMs = 3_000;

export function isOver(job: Pick<JobView, 'state'>): boolean {
  return job.state === 'succeeded' || job.state === 'failed' || job.state === 'stopped' || job.state === 'lost';
}

/** The saved log up to now, opened with the renter's identity. In place of a segment that cannot be opened it has a line that says so. */
export async function savedLog(client: IogClient, job: JobId, ageIdentity: string): Promise<string> {
  const { logSegments } = await client.call('job.show', { params: { job } });
  const parts: Uint8Array[] = [];
  for (let n = 0; n < logSegments; n++) {
    const { bytes, notice } = await segmentOf(client, job, n, ageIdentity);
    parts.push(bytes, notice);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** One saved segment; one that cannot be opened is no bytes of the log, but a notice of ours. Network faults are thrown. */
async function segmentOf(
  client: IogClient,
  job: JobId,
  n: number,
  ageIdentity: string,
): Promise<{ bytes: Uint8Array; notice: Uint8Array }> {
  const sealed = await client.logSegment(job, n);
  try {
    return { bytes: await open(ageIdentity, sealed), notice: new Uint8Array() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { bytes: new Uint8Array(), notice: Buffer.from(`\n[segment ${n} cannot be opened: ${why}]\n`) };
  }
}

/**
 * The log from its start until the job is over, in pieces as they come, each byte once. A live tail that breaks is taken up again
 * behind the last byte given; where the tunnel cannot be reached, the saved segments alone carry it. A segment that cannot be opened
 * is said in its place, and the rest goes on.
 */
export async function* followLog(
  client: IogClient,
  jobId: JobId,
  ageIdentity: string,
  options: LogOptions = {},
): AsyncGenerator<Uint8Array> {
  const { signal, live = true, pollMs = defaultPollMs } = options;
  const place = position();
  let overSince: number | undefined;
  let tailAt = 0;
  for (;;) {
    if (signal?.aborted === true) return;
    const job = await client.call('job.show', { params: { job: jobId } });
    const fresh = place.segments < job.logSegments;
    while (place.segments < job.logSegments) {
      const { bytes, notice } = await segmentOf(client, jobId, place.segments, ageIdentity);
      if (notice.byteLength > 0) place.unreadable();
      const piece = place.saved(bytes);
      if (piece.byteLength > 0) yield piece;
      if (notice.byteLength > 0) yield notice;
    }
    place.attempt(job.attempt);
    if (isOver(job)) {
      overSince ??= Date.now();
      if (job.logSegments > 0 && !fresh) return;
      if (Date.now() - overSince > graceAfterEndMs) return;
    } else if (live && job.state === 'running' && Date.now() >= tailAt) {
      const cluster = await client.call('cluster.show', { params: { cluster: job.cluster } });
      const secrets = await openSecrets(cluster, ageIdentity);
      yield* tailed(client, cluster, secrets, job, place, signal);
      tailAt = Date.now() + tailPauseMs;
    }
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

async function* tailed(
  client: IogClient,
  cluster: ClusterView,
  secrets: ClusterSecrets,
  job: JobView,
  place: ReturnType<typeof position>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (cluster.head === null) return;
  place.tailStarts();
  try {
    for await (const chunk of liveTail(client, cluster.head, secrets, job.id, signal)) {
      const piece = place.tailed(chunk);
      if (piece.byteLength > 0) yield piece;
    }
  } catch {
    // No tunnel, no head, a cut: the segments hold all of it, and the next round may reach it again.
  }
}

/** Where each of the two sources is, counted in bytes of the log, so that whichever is ahead gives each byte once. */
export function position() {
  let given = 0;
  let savedBytes = 0;
  let segments = 0;
  let attempt = -1;
  // A job's new attempt begins a new log in Ray, which the segments continue: `base` is where it starts in the whole.
  let base = 0;
  let tailBytes = 0;
  const beyond = (bytes: Uint8Array, from: number): Uint8Array => {
    const piece = bytes.subarray(Math.min(bytes.byteLength, Math.max(0, given - from)));
    given = Math.max(given, from + bytes.byteLength);
    return piece;
  };
  return {
    get segments() {
      return segments;
    },
    attempt(now: number) {
      if (attempt >= 0 && now !== attempt) {
        base = savedBytes;
        given = savedBytes;
      }
      attempt = now;
    },
    saved(bytes: Uint8Array): Uint8Array {
      const piece = beyond(bytes, savedBytes);
      savedBytes += bytes.byteLength;
      segments++;
      return piece;
    },
    /** The next segment's length is unknown, so what comes after it may be given twice, but never not at all. */
    unreadable() {
      given = savedBytes;
    },
    tailStarts() {
      tailBytes = 0;
    },
    tailed(bytes: Uint8Array): Uint8Array {
      const piece = beyond(bytes, base + tailBytes);
      tailBytes += bytes.byteLength;
      return piece;
    },
  };
}

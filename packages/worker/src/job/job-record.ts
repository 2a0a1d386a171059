// What the head's worker remembers of a job across its restarts: how much of its log is uploaded, in which segments.
import { join } from 'node:path';
import type { JobId } from '@iog/protocol';
import { jsonIn, realDisk, type Disk } from '../disk.ts';

/** A segment under way: written here before its upload, so that a repeated upload covers the same bytes. */
export interface PendingSegment {
  readonly segment: number;
  readonly bytes: number;
}
export interface JobRecord {
  readonly attempt: number;
  /** Segments uploaded; also the number of the next. */
  readonly segments: number;
  /** Bytes of Ray's log that they hold. */
  readonly coveredBytes: number;
  readonly pending: PendingSegment | null;
}

export interface JobRecords {
  load(job: JobId, attempt: number): JobRecord;
  save(job: JobId, record: JobRecord): void;
  drop(job: JobId): void;
}

export function openJobRecords(dir: string, disk: Disk = realDisk): JobRecords {
  const pathOf = (job: JobId): string => join(dir, `${job}.json`);
  return {
    load(job, attempt) {
      const found = jsonIn(disk, pathOf(job)) as JobRecord | null | undefined;
      const segments = Number.isSafeInteger(found?.segments) ? (found?.segments ?? 0) : 0;
      // A later attempt has a log of its own, whose segments come after those of the one before.
      if (found?.attempt !== attempt) return { attempt, segments, coveredBytes: 0, pending: null };
      return found;
    },
    save: (job, record) => disk.replace(pathOf(job), JSON.stringify(record)),
    drop: (job) => disk.remove(pathOf(job)),
  };
}

// The spool: signed samples of each lease, one append-only file, on disk before the first send, kept until acknowledged.
import { join } from 'node:path';
import type { LeaseId, SignedSnapshot } from '@iog/protocol';
import { isId } from '@iog/protocol';
import { realDisk, type Disk } from '../disk.ts';

/** A chain nobody acknowledges may grow to this: at a sample in ten seconds, months. Beyond, sampling pauses. */
const mostBytesPerLease = 256 * 1024 * 1024;

export interface Place {
  readonly segment: number;
  readonly index: number;
}
export interface Spooled extends Place {
  readonly signed: SignedSnapshot;
  readonly closing: boolean;
}

export interface Spool {
  /** Durable on return. Throws when the disk cannot take it: then nothing was added. */
  add(lease: LeaseId, sample: Spooled): void;
  /** What is not acknowledged yet and comes after `after`, oldest first: the bytes as they were first sent. */
  waiting(lease: LeaseId, most: number, after?: Place): readonly Spooled[];
  leases(): readonly LeaseId[];
  /** Control committed everything up to `place`. The file goes with the acknowledgement of its closing sample. */
  acknowledge(lease: LeaseId, place: Place): void;
  /** The place of the lease's closing sample, if it waits for its acknowledgement. */
  closing(lease: LeaseId): Place | undefined;
  drop(lease: LeaseId): void;
}

interface LeaseFile {
  readonly path: string;
  samples: Spooled[];
  bytes: number;
}

/** Opens the spool in `dir`; the torn tail that a crash left in a file is cut off. */
export function openSpool(dir: string, disk: Disk = realDisk): Spool {
  const files = new Map<LeaseId, LeaseFile>();
  for (const name of disk.list(dir)) {
    const lease = name.replace(/\.chain$/, '');
    if (name.endsWith('.chain') && isId('lea', lease)) files.set(lease, repair(disk, join(dir, name)));
  }
  const fileOf = (lease: LeaseId): LeaseFile => {
    const known = files.get(lease) ?? { path: join(dir, `${lease}.chain`), samples: [], bytes: 0 };
    files.set(lease, known);
    return known;
  };
  const drop = (lease: LeaseId): void => {
    const file = files.get(lease);
    if (file !== undefined) disk.remove(file.path);
    files.delete(lease);
  };
  return {
    add(lease, sample) {
      const file = fileOf(lease);
      const line = Buffer.from(`${JSON.stringify(sample)}\n`);
      if (file.bytes + line.length > mostBytesPerLease) throw new Error(`the spool of ${lease} is full`);
      try {
        disk.append(file.path, line);
      } catch (error) {
        // A part may have been written: the next line must not be glued to it.
        disk.cut(file.path, file.bytes);
        throw error;
      }
      file.bytes += line.length;
      file.samples.push(sample);
    },
    waiting(lease, most, after) {
      const samples = files.get(lease)?.samples ?? [];
      return (after === undefined ? samples : samples.filter((sample) => isAfter(sample, after))).slice(0, most);
    },
    leases: () => [...files.keys()],
    acknowledge(lease, place) {
      const file = files.get(lease);
      if (file === undefined) return;
      const done = file.samples.filter((sample) => !isAfter(sample, place));
      file.samples = file.samples.filter((sample) => isAfter(sample, place));
      if (done.some(({ closing }) => closing)) return drop(lease);
      if (file.samples.length > 0 || file.bytes === 0) return;
      disk.cut(file.path, 0);
      file.bytes = 0;
    },
    closing: (lease) => files.get(lease)?.samples.find(({ closing }) => closing),
    drop,
  };
}

function isAfter(a: Place, b: Place): boolean {
  return a.segment > b.segment || (a.segment === b.segment && a.index > b.index);
}

function repair(disk: Disk, path: string): LeaseFile {
  const bytes = Buffer.from(disk.read(path) ?? []);
  const samples: Spooled[] = [];
  let whole = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, whole)) {
    const sample = parseLine(bytes.toString('utf8', whole, end));
    if (sample === undefined) break;
    samples.push(sample);
    whole = end + 1;
  }
  if (whole < bytes.length) disk.cut(path, whole);
  return { path, samples, bytes: whole };
}

function parseLine(line: string): Spooled | undefined {
  try {
    const { segment, index, closing, signed } = JSON.parse(line) as Partial<Spooled>;
    const { bytes, signature } = signed ?? {};
    if (!Number.isSafeInteger(segment) || !Number.isSafeInteger(index) || typeof closing !== 'boolean') return undefined;
    if (typeof bytes !== 'string' || typeof signature !== 'string') return undefined;
    return { segment: segment as number, index: index as number, closing, signed: { bytes, signature } };
  } catch {
    return undefined;
  }
}

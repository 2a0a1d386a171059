// What a worker remembers of each lease across its restarts: the newest generation it has seen, and how far it came.
import { join } from 'node:path';
import { isId, type Assignment, type HeadAddress, type LeaseId } from '@iog/protocol';
import { jsonIn, realDisk, type Disk } from '../disk.ts';
import type { Place } from '../evidence/spool.ts';

/** Forgotten leases are remembered by their generation only, so that no late assignment revives one; so many at most. */
const mostRecords = 512;

export interface LeaseRecord {
  readonly lease: LeaseId;
  readonly generation: number;
  readonly incarnation: number;
  readonly cores: readonly number[];
  /** A node was started under this generation: it is never started a second time. */
  readonly begun: boolean;
  readonly address: HeadAddress | null;
  /** Nothing of it runs any more. */
  readonly stopped: boolean;
  readonly closing: Place | null;
  /** Control knows the end: it is reported no longer. */
  readonly forgotten: boolean;
}

export type Version = Pick<LeaseRecord, 'generation' | 'incarnation'>;

/** Whether `a` is newer than `b`: by generation, then by incarnation. */
export function isNewer(a: Version, b: Version): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.incarnation > b.incarnation);
}

export function newRecord({
  lease,
  generation,
  incarnation,
  slice,
}: Pick<Assignment, 'lease' | 'generation' | 'incarnation' | 'slice'>): LeaseRecord {
  return {
    lease,
    generation,
    incarnation,
    cores: slice.cores,
    begun: false,
    address: null,
    stopped: false,
    closing: null,
    forgotten: false,
  };
}

export interface Records {
  load(): LeaseRecord[];
  save(record: LeaseRecord): void;
}

export function openRecords(dir: string, disk: Disk = realDisk): Records {
  return {
    load() {
      const files = disk
        .list(dir)
        .filter((name) => name.endsWith('.json'))
        .map((name) => ({ path: join(dir, name), record: parseRecord(jsonIn(disk, join(dir, name))) }));
      const found = files.flatMap(({ path, record }) => (record === undefined ? [] : [{ path, record }]));
      const gone = found.filter(({ record }) => record.forgotten).map((each) => ({ ...each, atMs: disk.changedAtMs(each.path) }));
      const surplus = gone.toSorted((a, b) => b.atMs - a.atMs).slice(mostRecords);
      for (const { path } of surplus) disk.remove(path);
      return found.filter(({ path }) => !surplus.some((each) => each.path === path)).map(({ record }) => record);
    },
    save: (record) => disk.replace(join(dir, `${record.lease}.json`), JSON.stringify(record)),
  };
}

function parseRecord(value: unknown): LeaseRecord | undefined {
  const record = value as LeaseRecord | null | undefined;
  if (typeof record !== 'object' || record === null) return undefined;
  const isWhole = typeof record.lease === 'string' && isId('lea', record.lease) && Number.isSafeInteger(record.generation);
  return isWhole && Number.isSafeInteger(record.incarnation) && Array.isArray(record.cores) ? record : undefined;
}

// What stands in the file for each key, remembered: this process alone writes it. A row is remembered as its text; whoever loads it gets a copy of
// its own.
import type { DatabaseSync } from 'node:sqlite';
import { type Key, type StoredRow, StoreFault } from '../store.ts';
import type { Catalog } from '../catalog.ts';
import { copier } from '../copies.ts';
import { nameOf } from '../prepare.ts';

/** About what all that is remembered weighs in memory, in two halves: when one is full, the other, less lately used, is forgotten. */
const keptBytes = 96 * 1024 * 1024;
/** Of a row: its two texts, its parsed form, and what holds them. */
const bytesOfChar = 6;
const bytesOfRow = 600;

export interface Standing {
  readonly seq: number;
  readonly version: number;
  readonly filed: string;
  readonly body: string;
  /** Made when a row is loaded again unchanged: a copy takes a fraction of what reading the text does. */
  copy?: () => StoredRow;
  isRead?: boolean;
}

export interface StandingRows {
  find(key: Key): Standing | undefined;
  /** What has been written, or undefined: deleted. */
  set(key: Key, standing: Standing | undefined): void;
  /** A transaction has failed: the file alone knows. */
  forget(): void;
  rowOf(standing: Standing): StoredRow;
}

export function standingRows(database: DatabaseSync, catalog: Catalog): StandingRows {
  const byKey = database.prepare('SELECT seq, version, filed, body FROM rows WHERE kind = ? AND id = ?');
  // null: nothing stands there.
  let young = new Map<string, Standing | null>();
  let old = new Map<string, Standing | null>();
  let youngBytes = 0;

  const keep = (name: string, standing: Standing | null): void => {
    young.set(name, standing);
    youngBytes += bytesOfRow + (standing === null ? 0 : (standing.body.length + standing.filed.length) * bytesOfChar);
    if (youngBytes < keptBytes / 2) return;
    old = young;
    young = new Map();
    youngBytes = 0;
  };

  return {
    find(key) {
      const name = nameOf(key);
      let found = young.get(name);
      if (found !== undefined) return found ?? undefined;
      // SQLite would look for the replacement character instead.
      if (!key.id.isWellFormed()) return undefined;
      found = old.get(name);
      found ??= old.has(name) ? null : ((byKey.get(key.kind, key.id) as Standing | undefined) ?? null);
      keep(name, found);
      return found ?? undefined;
    },
    set: (key, standing) => keep(nameOf(key), standing ?? null),
    forget() {
      young = new Map();
      old = new Map();
      youngBytes = 0;
    },
    rowOf(standing) {
      if (standing.copy) return standing.copy();
      const row = readRow(standing.body, catalog);
      if (standing.isRead === true) standing.copy = copier(row);
      standing.isRead = true;
      return standing.copy ? standing.copy() : row;
    },
  };
}

function readRow(body: string, catalog: Catalog): StoredRow {
  try {
    return catalog.rowOf(body);
  } catch (cause) {
    throw new StoreFault('store.corrupt', 'a row of the store is damaged: stop, and restore the latest backup', cause);
  }
}

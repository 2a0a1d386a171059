// The disk as the worker's records and evidence need it. Real here; a simulation gives its own, tests one that is full.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { removeFile, syncFolder, writeDurably } from './durable.ts';

export interface Disk {
  /** The whole file; undefined where there is none. */
  read(path: string): Uint8Array | undefined;
  /** The names in a folder, which is made where it is missing. */
  list(dir: string): readonly string[];
  /** The old file or the new one, at whatever instruction a crash comes; durable on return. */
  replace(path: string, bytes: string | Uint8Array): void;
  /** Durable on return. Throws where the disk cannot take it: a part of it may then be there. */
  append(path: string, bytes: Uint8Array): void;
  /** Cuts the file down to so many bytes; one that is not there is no fault. */
  cut(path: string, bytes: number): void;
  remove(path: string): void;
  changedAtMs(path: string): number;
}

export const realDisk: Disk = {
  read: (path) => (existsSync(path) ? readFileSync(path) : undefined),
  list(dir) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return readdirSync(dir);
  },
  replace: writeDurably,
  append(path, bytes) {
    const isNew = !existsSync(path);
    const file = openSync(path, 'a', 0o600);
    try {
      let offset = 0;
      while (offset < bytes.length) offset += writeSync(file, bytes, offset);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (isNew) syncFolder(dirname(path));
  },
  cut(path, bytes) {
    if (existsSync(path)) truncateSync(path, bytes);
  },
  remove: removeFile,
  changedAtMs: (path) => statSync(path).mtimeMs,
};

/** The JSON in `path`; undefined where there is no file, null where it holds no JSON. */
export function jsonIn(disk: Disk, path: string): unknown {
  const bytes = disk.read(path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}

// Small files that survive a kill at any instruction: written beside, fsynced, renamed; readable by their owner only.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Replaces `path` as a whole. Mode 0600. */
export function writeDurably(path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.new`;
  const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const file = openSync(beside, 'w', 0o600);
  try {
    let offset = 0;
    while (offset < data.length) offset += writeSync(file, data, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  syncFolder(dirname(path));
}

/** The JSON in `path`; undefined where there is no file, null where it holds no JSON. */
export function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Removes a file; one that is gone already is no fault. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

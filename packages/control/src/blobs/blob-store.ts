// Blobs in a directory: sealed job packages and log segments, each written once and whole. It never looks into them.
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { link, mkdir, open, opendir, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Rejection } from '@iog/protocol';
import { blobFaultOf, codeOf } from './blob-fault.ts';

export type BlobSource = Uint8Array | AsyncIterable<Uint8Array>;
/** Bytes that are still coming, of which it is known how many. */
export interface ComingBytes {
  readonly byteLength: number;
  readonly source: AsyncIterable<Uint8Array>;
}
/** `kept`: there was a blob of this name already, and it stayed as it was. */
export type BlobPut =
  | { readonly ok: true; readonly bytes: number; readonly kept: boolean }
  | { readonly ok: false; readonly rejection: Rejection };

/** Names are paths of [0-9a-z_-] parts. A blob never changes: putting another under its name keeps the first. Faults: BlobFault. */
export interface BlobStore {
  /**
   * Durable once it resolves, absent otherwise. A name whose last part is 64 hex digits must be the SHA-256 of the bytes.
   * Rejects `blob.too-large`, `request.refused`. An error of the source is thrown as it is.
   */
  put(name: string, source: BlobSource, maxBytes: number): Promise<BlobPut>;
  /** The reader must be read to its end or destroyed. */
  get(name: string): Promise<{ readonly bytes: number; readonly stream: Readable } | null>;
  exists(name: string): Promise<boolean>;
  /** Removing what is not there is done already. */
  remove(name: string): Promise<void>;
  /** Every blob that is there throughout; of what comes or goes meanwhile, some. */
  names(): AsyncGenerator<string>;
}

/** A store in `dir`, which it alone uses; what was half written when a process died is swept away. */
export function blobStore(dir: string): BlobStore {
  const unfinished = join(dir, '.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const pathOf = (name: string): string => join(dir, ...partsOf(name));

  return {
    async put(name, source, maxBytes) {
      const path = pathOf(name);
      const draft = join(unfinished, randomUUID());
      try {
        const written = await write(draft, source, maxBytes);
        if (written === 'too-large') return { ok: false, rejection: { code: 'blob.too-large', context: { limit: maxBytes } } };
        const digest = digestIn(name);
        if (digest !== undefined && digest !== written.sha256) {
          return {
            ok: false,
            rejection: { code: 'request.refused', context: { detail: `the bytes have the SHA-256 ${written.sha256}` } },
          };
        }
        return await faulting(async () => {
          const placed = await placeOnce(draft, path, dir);
          return { ok: true, bytes: placed ? written.bytes : (await stat(path)).size, kept: !placed };
        });
      } finally {
        await rm(draft, { force: true });
      }
    },

    async get(name) {
      const path = pathOf(name);
      return faulting(async () => {
        const file = await unlessAbsent(open(path, 'r'));
        return file ? { bytes: (await file.stat()).size, stream: file.createReadStream() } : null;
      });
    },

    async exists(name) {
      const path = pathOf(name);
      return faulting(async () => (await unlessAbsent(stat(path))) !== undefined);
    },

    async remove(name) {
      const path = pathOf(name);
      await faulting(async () => {
        if ((await unlessAbsent(unlink(path).then(() => true))) === true) await syncDirectory(dirname(path));
      });
    },

    names: () => blobNames(dir),
  };
}

const namePattern = /^[0-9a-z_-]+(\/[0-9a-z_-]+)*$/;

/** Control makes the names, from checked words: a bad one is our own error. */
function partsOf(name: string): string[] {
  if (name.length > 200 || !namePattern.test(name)) throw new Error(`not the name of a blob: ${JSON.stringify(name.slice(0, 200))}`);
  return name.split('/');
}

/** The blobs in `dir`, for whoever looks from outside while a store has it. */
export function blobNames(dir: string): AsyncGenerator<string> {
  return namesIn(dir, '');
}

async function* namesIn(dir: string, before: string): AsyncGenerator<string> {
  const entries = await faulting(() => unlessAbsent(opendir(join(dir, before))));
  if (!entries) return;
  for await (const entry of entries) {
    const name = before + entry.name;
    // Drafts, and what others put there, are no blobs.
    if (!namePattern.test(name)) continue;
    if (entry.isDirectory()) yield* namesIn(dir, `${name}/`);
    else yield name;
  }
}

function digestIn(name: string): string | undefined {
  return /(?:^|\/)([0-9a-f]{64})$/.exec(name)?.[1];
}

async function write(path: string, source: BlobSource, maxBytes: number): Promise<{ bytes: number; sha256: string } | 'too-large'> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await faulting(() => open(path, 'wx', 0o600));
  try {
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return 'too-large';
      hash.update(chunk);
      await faulting(() => file.writeFile(chunk));
    }
    await faulting(() => file.sync());
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Gives a synced draft its name, durably, unless the name is taken. A link and not a rename: of two writers at once the first stays,
 * where a rename would let the last replace what the other was told is kept.
 */
async function placeOnce(draft: string, path: string, root: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const placed = await link(draft, path).then(
    () => true,
    (cause: unknown) => {
      if (codeOf(cause) === 'EEXIST') return false;
      throw cause;
    },
  );
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    await syncDirectory(directory);
    if (directory === root || directory === dirname(directory)) return placed;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Does it, and throws a BlobFault where the file system does not. */
async function faulting<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw blobFaultOf(cause);
  }
}

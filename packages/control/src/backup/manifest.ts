// What a backup is: a folder of rows as JSON lines, the network's key, its blobs, and a manifest with the SHA-256 of each. The same from either store.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

export const rowsFile = 'rows.jsonl';
export const keyFile = 'network.key';
export const manifestFile = 'manifest.json';
export const blobsFolder = 'blobs';

const FileSchema = Type.Object({
  /** Nothing that could lead out of the folder. */
  path: Type.String({ maxLength: 300, pattern: '^(rows\\.jsonl|network\\.key|blobs(/[0-9a-z_-]+)+)$' }),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});
export type BackupFile = Static<typeof FileSchema>;

const ManifestSchema = Type.Object({
  format: Type.Literal('iog-backup/1'),
  madeAt: Type.String({ maxLength: 40 }),
  /** The network's public key. */
  network: Type.String({ maxLength: 64 }),
  /** Which store the rows were read from; they fit either. */
  store: Type.Union([Type.Literal('sqlite'), Type.Literal('postgres')]),
  rows: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
  files: Type.Array(FileSchema),
  /** Blobs that a row names and that were gone from the disk. */
  absentBlobs: Type.Array(Type.String()),
});
export type Manifest = Static<typeof ManifestSchema>;

const check = Compile(ManifestSchema);

/** The backup is not whole: what is wrong with it, in a sentence. */
export class BackupDamaged extends Error {
  override readonly name = 'BackupDamaged';
}

/** Throws BackupDamaged for what is no manifest of this format. */
export function readManifest(backup: string): Manifest {
  const file = path.join(backup, manifestFile);
  if (!existsSync(file)) throw new BackupDamaged(`${backup} is no finished backup: it has no ${manifestFile}`);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new BackupDamaged(`${file} is not JSON`, { cause });
  }
  if (check.Check(found)) return found;
  throw new BackupDamaged(`${file} is not a manifest of a backup that this IOG reads`);
}

/** Its length and SHA-256, read from the disk. */
export async function measureFile(file: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** What was written under this path, a file or a folder's list of names, is on the disk. */
export function syncPath(file: string): void {
  const fd = openSync(file, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

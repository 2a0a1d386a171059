// Making a backup while control runs, from another process: one snapshot of the rows, then the blobs, then the manifest. It changes nothing of the network.
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { sha256hex } from '@iog/seal';
import { blobNames } from '../blobs/blob-store.ts';
import { decodeBody } from '../store/body.ts';
import { type StoreChoice, readBodies, storeOf } from '../store/choose.ts';
import {
  type BackupFile,
  BackupDamaged,
  type Manifest,
  blobsFolder,
  keyFile,
  manifestFile,
  measureFile,
  rowsFile,
  syncPath,
} from './manifest.ts';

export interface BackupFrom {
  /** Control's directory. */
  readonly dir: string;
  /** The folder that all controls of the store share; without it, blobs lie in `dir`. */
  readonly blobs?: string | undefined;
  readonly store?: StoreChoice | undefined;
}
export interface MadeBackup {
  readonly manifest: Manifest;
  /** Of the manifest: whoever keeps it elsewhere can tell later that nothing of the backup was changed. */
  readonly sha256: string;
}

const bytesAtOnce = 1 << 20;

/**
 * Makes `target`, a folder that is not there yet. Rows come first: a blob is on the disk before a row names it, so each blob that they name
 * is found after, unless its time was over and it was swept meanwhile. Throws BackupDamaged where `target` is taken or `dir` is no control's.
 */
export async function writeBackup({ dir, store, blobs: shared }: BackupFrom, target: string): Promise<MadeBackup> {
  if (existsSync(target)) throw new BackupDamaged(`${target} is there already: a backup never replaces another`);
  if (!existsSync(path.join(dir, keyFile))) throw new BackupDamaged(`${dir} is not the directory of a control: it has no ${keyFile}`);
  // What is not whole never has the name of a backup.
  const draft = `${path.resolve(target)}.unfinished-${process.pid}`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    const rows = await writeRows(path.join(draft, rowsFile), { dir, store });
    copyFileSync(path.join(dir, keyFile), path.join(draft, keyFile));
    const key = await measured(draft, keyFile);
    const blobs = await copyBlobs(shared ?? path.join(dir, blobsFolder), draft);
    const have = new Set(blobs.map((file) => file.path));
    const manifest: Manifest = {
      format: 'iog-backup/1',
      madeAt: new Date().toISOString(),
      network: publicKeyIn(path.join(draft, keyFile)),
      store: store?.kind ?? 'sqlite',
      rows: rows.counts,
      files: [rows.file, key, ...blobs],
      absentBlobs: rows.blobs.filter((name) => !have.has(`${blobsFolder}/${name}`)),
    };
    const text = `${JSON.stringify(manifest, undefined, 1)}\n`;
    writeFileSync(path.join(draft, manifestFile), text, { mode: 0o600, flush: true });
    for (const folder of foldersIn(draft)) syncPath(folder);
    renameSync(draft, target);
    syncPath(path.dirname(path.resolve(target)));
    return { manifest, sha256: sha256hex(text) };
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    throw cause;
  }
}

interface WrittenRows {
  readonly file: BackupFile;
  readonly counts: Record<string, number>;
  /** The blobs that rows say are there. */
  readonly blobs: readonly string[];
}

/** One line is the text of one row, exactly as the store has it, by kind and id: the same rows give the same bytes, whichever store had them. */
async function writeRows(file: string, { dir, store }: BackupFrom): Promise<WrittenRows> {
  const fd = openSync(file, 'wx', 0o600);
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  const blobs: string[] = [];
  let waiting: string[] = [];
  let waitingLength = 0;
  let bytes = 0;
  const flush = (): void => {
    const chunk = Buffer.from(waiting.join(''), 'utf8');
    for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
    hash.update(chunk);
    bytes += chunk.length;
    waiting = [];
    waitingLength = 0;
  };
  try {
    await readBodies(storeOf(dir, store), undefined, (body) => {
      const row = decodeBody(body) as { kind: string; id: string; state?: unknown };
      counts[row.kind] = (counts[row.kind] ?? 0) + 1;
      if (row.kind === 'blob' && row.state === 'stored') blobs.push(row.id);
      waiting.push(body, '\n');
      waitingLength += body.length;
      if (waitingLength >= bytesAtOnce) flush();
    });
    flush();
  } finally {
    closeSync(fd);
  }
  syncPath(file);
  return { file: { path: rowsFile, bytes, sha256: hash.digest('hex') }, counts, blobs };
}

/** A blob never changes once it has its name, so its bytes may be read at any moment. */
async function copyBlobs(from: string, draft: string): Promise<BackupFile[]> {
  const files: BackupFile[] = [];
  for await (const name of blobNames(from)) {
    const to = path.join(draft, blobsFolder, name);
    mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
    try {
      copyFileSync(path.join(from, name), to);
    } catch (cause) {
      // Swept meanwhile.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw cause;
    }
    files.push(await measured(draft, `${blobsFolder}/${name}`));
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function measured(draft: string, name: string): Promise<BackupFile> {
  const file = path.join(draft, name);
  syncPath(file);
  return { path: name, ...(await measureFile(file)) };
}

function publicKeyIn(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { publicKey: string }).publicKey;
}

function foldersIn(folder: string): string[] {
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inner.flatMap(({ name }) => foldersIn(path.join(folder, name))), folder];
}

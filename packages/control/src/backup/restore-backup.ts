// A backup made a network again: key, blobs and rows into an empty place, in either store. What does not finish is never taken for a network.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from '@iog/core';
import { type StoreChoice, dropStore, openStore, storeExists, storeOf } from '../store/choose.ts';
import { decodeBody } from '../store/body.ts';
import { type Store, StoreFault } from '../store/store.ts';
import { tables } from '../tables.ts';
import { type CheckedBackup, backupRows, checkBackup } from './check-backup.ts';
import { BackupDamaged, blobsFolder, rowsFile, syncPath } from './manifest.ts';

export interface RestoreInto {
  readonly dir: string;
  /** A folder that all controls of the store share; without it, blobs lie in `dir`. */
  readonly blobs?: string | undefined;
  readonly store?: StoreChoice | undefined;
}

/** There while a restore has not ended. */
const unfinishedFile = 'restore.unfinished';
const rowsAtOnce = 500;

/** Checks the backup whole, then restores it. Throws BackupDamaged, StoreFault, or an Error that says why the place cannot be taken. */
export async function restoreBackup(backup: string, { dir, store: choice, blobs: shared }: RestoreInto): Promise<CheckedBackup> {
  const checked = await checkBackup(backup);
  const unknown = Object.keys(checked.manifest.rows).find((kind) => !tables.some((table) => table.kind === kind));
  if (unknown !== undefined) throw new BackupDamaged(`it has rows of the kind ${unknown}, which this IOG does not know: use a newer one`);
  const blobs = shared ?? path.join(dir, blobsFolder);
  for (const folder of new Set([dir, blobs]))
    if (existsSync(folder) && readdirSync(folder).length > 0) throw new PlaceTaken(`${folder} is not empty`);
  if (await storeExists(storeOf(dir, choice))) throw new PlaceTaken('the schema of this store is there already');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(dir, unfinishedFile), 'A restore into this folder has not ended.\n', { mode: 0o600, flush: true });
  syncPath(dir);
  const target = (name: string): string =>
    name.startsWith(`${blobsFolder}/`) ? path.join(blobs, name.slice(blobsFolder.length + 1)) : path.join(dir, name);
  try {
    for (const { path: name } of checked.manifest.files) if (name !== rowsFile) place(path.join(backup, name), target(name));
    const store = await openStore(dir, choice, tables);
    try {
      await writeRows(store, backup);
    } finally {
      await store.close();
    }
    rmSync(path.join(dir, unfinishedFile));
    syncPath(dir);
    return checked;
  } catch (cause) {
    for (const folder of [blobs, dir])
      if (existsSync(folder)) for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true, force: true });
    if (choice?.kind === 'postgres') await dropStore(choice).catch(() => undefined);
    throw cause;
  }
}

export class PlaceTaken extends Error {
  override readonly name = 'PlaceTaken';
}

/** Throws StoreFault where a restore into this directory was cut off: half a network must not run. */
export function requireWhole(dir: string): void {
  if (!existsSync(path.join(dir, unfinishedFile))) return;
  const message = `a restore into ${dir} was cut off: remove the folder (and the schema, in PostgreSQL), and restore again`;
  throw new StoreFault('store.corrupt', message);
}

async function writeRows(store: Store, backup: string): Promise<void> {
  let rows: Row[] = [];
  const flush = async (): Promise<void> => {
    const result = await store.commit({ reads: [], writes: rows });
    if (!result.ok) throw new BackupDamaged(`the row ${result.stale[0]?.kind} ${result.stale[0]?.id} is there twice`);
    rows = [];
  };
  // As they are: the store fills in what a row of an earlier build lacks whenever it reads it.
  for await (const row of backupRows(backup, (body) => decodeBody(body) as Row)) if (rows.push(row) >= rowsAtOnce) await flush();
  if (rows.length > 0) await flush();
}

function place(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 });
  copyFileSync(from, to);
  syncPath(to);
  syncPath(path.dirname(to));
}

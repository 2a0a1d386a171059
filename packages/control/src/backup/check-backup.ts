// Whether a backup is whole and its network keeps its laws: every file against the manifest, every row read. It restores nothing.
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Row } from '@iog/core';
import { rowReader } from '../store/read-rows.ts';
import { type LawReport, lawReport } from '../laws/law-report.ts';
import { BackupDamaged, type Manifest, measureFile, readManifest, rowsFile } from './manifest.ts';

export interface CheckedBackup {
  readonly manifest: Manifest;
  readonly report: LawReport;
}

/** Throws BackupDamaged at the first thing that is not as the manifest says. A law that is broken is in the report: the network was so. */
export async function checkBackup(backup: string): Promise<CheckedBackup> {
  const manifest = readManifest(backup);
  if (!manifest.files.some((file) => file.path === rowsFile)) throw new BackupDamaged(`the manifest names no ${rowsFile}`);
  for (const { path: name, bytes, sha256 } of manifest.files) {
    const file = path.join(backup, name);
    if (!existsSync(file)) throw new BackupDamaged(`${name} is missing`);
    const found = await measureFile(file);
    if (found.bytes !== bytes) throw new BackupDamaged(`${name} has ${found.bytes} bytes, and ${bytes} were written`);
    if (found.sha256 !== sha256) throw new BackupDamaged(`${name} is not what was written: its SHA-256 is ${found.sha256}`);
  }
  const rows: Row[] = [];
  for await (const row of backupRows(backup, rowReader())) rows.push(row);
  const report = lawReport(rows);
  for (const kind of new Set([...Object.keys(report.rows), ...Object.keys(manifest.rows)]))
    if (report.rows[kind] !== manifest.rows[kind])
      throw new BackupDamaged(
        `there are ${report.rows[kind] ?? 0} rows of the kind ${kind}, and the manifest says ${manifest.rows[kind] ?? 0}`,
      );
  return { manifest, report };
}

/** Row by row, each read by `read` from its text. */
export async function* backupRows(backup: string, read: (body: string) => Row): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path.join(backup, rowsFile)), crlfDelay: Infinity })) {
    line += 1;
    try {
      yield read(text);
    } catch (cause) {
      throw new BackupDamaged(`line ${line} of ${rowsFile} is no row`, { cause });
    }
  }
}

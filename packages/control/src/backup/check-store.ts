// The laws over a live store: one snapshot of all its rows, read beside the control that writes them.
import type { Row } from '@iog/core';
import { type LawReport, lawReport } from '../laws/law-report.ts';
import { decodeBody } from '../store/body.ts';
import { type StoreChoice, readBodies } from '../store/choose.ts';

/** Needs memory for all rows. Faults: those of a store that cannot be read. */
export async function checkStore(dir: string, choice?: StoreChoice): Promise<LawReport> {
  const rows: Row[] = [];
  await readBodies(dir, choice, (body) => rows.push(decodeBody(body) as Row));
  return lawReport(rows);
}

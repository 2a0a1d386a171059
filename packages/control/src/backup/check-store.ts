// The laws over a live store: one snapshot of all its rows, read beside the control that writes them.
import type { Row } from '@iog/core';
import { type LawReport, lawReport } from '../laws/law-report.ts';
import { type StoreChoice, storeOf } from '../store/choose.ts';
import { readRows } from '../store/read-rows.ts';

/** Needs memory for all rows. Faults: those of a store that cannot be read. */
export async function checkStore(dir: string, choice?: StoreChoice): Promise<LawReport> {
  return lawReport(await readRows<Row['kind']>(storeOf(dir, choice)));
}

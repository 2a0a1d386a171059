// Whether a network keeps its laws, asked of all its rows at one moment. Pure: whoever has the rows may ask, whenever.
import type { Row } from '@iog/core';
import { type Broken, type Law, booksOf } from './books.ts';
import * as clusterLaws from './cluster-laws.ts';
import * as identityLaws from './identity-laws.ts';
import * as leaseLaws from './lease-laws.ts';
import * as ledgerLaws from './ledger-laws.ts';

export type { Broken } from './books.ts';

/** Every law by its name, in the order in which they are asked. */
export const laws: Readonly<Record<string, Law>> = { ...ledgerLaws, ...leaseLaws, ...clusterLaws, ...identityLaws };

/** What does not hold in `rows`: all rows of a network, of one moment. Nothing, where every law holds. */
export function checkLaws(rows: Iterable<Row>): Broken[] {
  const books = booksOf(rows);
  return Object.entries(laws).flatMap(([law, holds]) => holds(books).map((broken) => ({ law, ...broken })));
}

// Every row of a PostgreSQL store, read from outside in one moment: beside a control that runs, or after it has died. It never writes.
import type { Row, RowMap } from '@iog/core';
import { decodeBody } from '../body.ts';
import { connect, faulting, targetOf } from './connection.ts';

/** All rows of the store, or those of some kinds. Faults: those of a store that cannot be read. */
export async function readPostgresRows<K extends Row['kind']>(url: string, kinds?: readonly K[]): Promise<RowMap[K][]> {
  const target = targetOf(url);
  const connection = connect(target, 1);
  try {
    const wanted = kinds === undefined ? '' : ' WHERE kind IN (SELECT json_array_elements_text($1::text::json))';
    const found = await faulting(target.name, () =>
      connection.ask(`SELECT body FROM rows${wanted}`, kinds === undefined ? [] : [JSON.stringify(kinds)]),
    );
    return found.map(({ body }) => decodeBody(String(body)) as RowMap[K]);
  } finally {
    await connection.end();
  }
}

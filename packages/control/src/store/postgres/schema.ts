// Bringing the schema of the store to this build's layout, and its entries to the indexes that are declared now. One process at a time.
import { StoreFault } from '../store.ts';
import type { Catalog } from '../catalog.ts';
import type { Connection, Target } from './connection.ts';
import { type Migration, migrations as released } from './migrations.ts';
import { filedText } from './text.ts';

const rowsAtOnce = 200;

/** Faults: `store.newer` where a newer build has led the schema beyond what this one understands. */
export async function prepareSchema(
  connection: Connection,
  { schema, name }: Target,
  catalog: Catalog,
  migrations: readonly Migration[] = released,
): Promise<void> {
  await connection.begin(async (ask) => {
    // Filing all rows of a large store takes as long as it takes.
    await ask('SET LOCAL statement_timeout = 0', []);
    await ask('SET LOCAL lock_timeout = 0', []);
    // Held until the transaction ends; also orders two that make the schema at once.
    await ask("SELECT pg_advisory_xact_lock(4804423, 4096 + (hashtext(current_setting('search_path')) & 4095))", []);
    const made = await ask('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
    if (made.length === 0) await ask(`CREATE SCHEMA ${schema}`, []);
    await ask('CREATE TABLE IF NOT EXISTS layout (version int NOT NULL, works_for int NOT NULL)', []);
    const [found] = await ask('SELECT version, works_for FROM layout', []);
    const version = Number(found?.['version'] ?? 0);
    if (Number(found?.['works_for'] ?? 0) > migrations.length) {
      const message = `the store ${name} was led on by a newer IOG (layout ${version}, this one knows ${migrations.length}): start that one`;
      throw new StoreFault('store.newer', message);
    }
    if (!found) await ask('INSERT INTO layout VALUES (0, 0)', []);
    for (const [i, { sql, worksFor }] of migrations.entries()) {
      if (i < version) continue;
      for (const statement of statementsOf(sql)) await ask(statement, []);
      await ask('UPDATE layout SET version = $1::int, works_for = $2::int', [i + 1, worksFor]);
    }
    await reindex(ask, catalog);
  });
}

/** Files every row again when the declared indexes are not those that the entries were made with. */
async function reindex(ask: Connection['ask'], catalog: Catalog): Promise<void> {
  const [before] = await ask("SELECT value FROM meta WHERE name = 'indexes'", []);
  if (before?.['value'] === catalog.fingerprint) return;
  await ask('LOCK TABLE rows IN EXCLUSIVE MODE', []);
  await ask('DELETE FROM entries', []);
  let last: [string, string] | undefined;
  for (;;) {
    const rows = await ask(
      `SELECT kind, id, body FROM rows ${last ? 'WHERE (kind, id) > ($1, $2)' : ''} ORDER BY kind, id LIMIT ${rowsAtOnce}`,
      last ?? [],
    );
    const filed = rows.map(({ kind, id, body }) => {
      const row = catalog.rowOf(String(body));
      // A kind that is declared no more keeps its rows, outside of every index.
      return { k: kind, i: id, f: filedText(catalog.knows(row.kind) ? catalog.entriesOf(row) : []) };
    });
    await ask(
      `WITH w AS (SELECT * FROM json_to_recordset($1::text::json) AS w(k text, i text, f text)),
        noted AS (UPDATE rows AS r SET filed = w.f FROM w WHERE r.kind = w.k AND r.id = w.i)
      INSERT INTO entries SELECT f.l, f.e, f.n, f.t, w.i FROM w, json_to_recordset(w.f::json) AS f(l text, e text, n float8, t text)`,
      [JSON.stringify(filed)],
    );
    const end = rows.at(-1);
    if (!end || rows.length < rowsAtOnce) break;
    last = [String(end['kind']), String(end['id'])];
  }
  await ask("UPDATE meta SET value = $1 WHERE name = 'indexes'", [catalog.fingerprint]);
}

/** At the semicolons that end a line, except within the body of a function. */
function statementsOf(sql: string): string[] {
  const statements: string[] = [];
  let text = '';
  for (const line of sql.split('\n')) {
    text += `${line}\n`;
    if (!line.trimEnd().endsWith(';') || text.split('$body$').length === 2) continue;
    statements.push(text);
    text = '';
  }
  return statements;
}

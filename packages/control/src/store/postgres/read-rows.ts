// Every row of a PostgreSQL store, read from outside in one snapshot, page by page. It never writes, and makes no schema.
import { StoreFault } from '../store.ts';
import { connect, faulting, targetOf } from './connection.ts';

const rowsAtOnce = 1_000;

/** SQLSTATE: undefined table. */
const noTable = '42P01';

/** The texts of all rows at one moment, or of some kinds, by kind and id; control writes on meanwhile. Faults: `store.unavailable` also where no network is. */
export async function readPostgresBodies(url: string, kinds: readonly string[] | undefined, take: (body: string) => void): Promise<void> {
  const target = targetOf(url);
  const connection = connect(target, 1);
  const wanted = kinds === undefined ? [] : [JSON.stringify(kinds)];
  const among = kinds === undefined ? '' : 'AND kind IN (SELECT json_array_elements_text($3::text::json))';
  const page = `SELECT kind, id, body FROM rows WHERE (kind, id) > ($1, $2) ${among} ORDER BY kind, id LIMIT ${rowsAtOnce}`;
  try {
    await faulting(target.name, () =>
      connection.begin(async (ask) => {
        await ask('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY', []);
        let last = ['', ''];
        for (;;) {
          const rows = await ask(page, [...last, ...wanted]);
          for (const { body } of rows) take(String(body));
          const end = rows.at(-1);
          if (!end || rows.length < rowsAtOnce) return;
          last = [String(end['kind']), String(end['id'])];
        }
      }),
    );
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== noTable) throw cause;
    throw new StoreFault('store.unavailable', `the store ${target.name} holds no network: check its address and schema`, cause);
  } finally {
    await connection.end();
  }
}

/** Whether the database has anything under the schema of this address. */
export async function hasPostgresSchema(url: string): Promise<boolean> {
  const target = targetOf(url);
  const connection = connect(target, 1);
  try {
    const found = await faulting(target.name, () => connection.ask('SELECT 1 FROM pg_namespace WHERE nspname = $1', [target.schema]));
    return found.length > 0;
  } finally {
    await connection.end();
  }
}

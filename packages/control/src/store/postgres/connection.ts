// The way to a PostgreSQL server: a few connections that come back by themselves, and a limit on how long an answer may take.
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { isOutage, storeFaultOf } from './fault.ts';

export interface Target {
  readonly url: string;
  readonly schema: string;
  /** What messages call it: without user and password. */
  readonly name: string;
}

export interface Connection {
  /** Rejects with what the driver gives; see fault.ts. */
  ask(text: string, values: readonly (string | number)[]): Promise<Row[]>;
  /** A transaction of its own. */
  begin<T>(work: (ask: Connection['ask']) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}
export type Row = Readonly<Record<string, unknown>>;

const connectSeconds = 5;
const replyMs = 30_000;
/** Below `replyMs`: whatever a cut connection has left behind on the server ends by itself, and frees its locks. */
const statementMs = 20_000;
const lockMs = 10_000;
const pauseMs = 100;

const defaultSchema = 'iog';

/** `postgres://user:password@host:port/database?schema=iog`. Throws an Error that says what is wrong, without repeating the password. */
export function targetOf(url: string): Target {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol)) throw new Error('the store is not a postgres:// address');
  const schema = parsed.searchParams.get('schema') ?? defaultSchema;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new Error('the schema of the store must be a lower-case name of at most 63 letters');
  parsed.searchParams.delete('schema');
  return { url: parsed.href, schema, name: `postgres://${parsed.host}${parsed.pathname} (schema ${schema})` };
}

export function connect({ url, schema }: Target, most: number): Connection {
  let sql = fresh();
  function fresh(): postgres.Sql {
    return postgres(url, {
      max: most,
      connect_timeout: connectSeconds,
      backoff: () => 0,
      fetch_types: false,
      onnotice: () => undefined,
      // Rows are found by their keys and by ranges of an index, whatever the statistics of an empty table said when the plan was made.
      connection: {
        application_name: 'iog control',
        search_path: schema,
        synchronous_commit: 'on',
        statement_timeout: statementMs,
        lock_timeout: lockMs,
        // Words, not booleans: the driver leaves out what is false.
        ...({ enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off', jit: 'off' } as object),
      },
    });
  }
  return {
    async ask(text, values) {
      const used = sql;
      const anew = (): void => {
        if (used !== sql) return;
        sql = fresh();
        // Rejects what is under way with CONNECTION_DESTROYED.
        void used.end({ timeout: 0 });
      };
      const late = setTimeout(anew, replyMs);
      try {
        return await used.unsafe(text, [...values], { prepare: true });
      } catch (cause) {
        // The driver may lose what it is asked while it comes back from a cut: nothing more is asked of it.
        if (isOutage(cause)) anew();
        throw cause;
      } finally {
        clearTimeout(late);
      }
    },
    begin: (work) => sql.begin((tx) => work(async (text, values) => tx.unsafe(text, [...values]))) as Promise<never>,
    end: () => sql.end({ timeout: 5 }),
  };
}

/** Does it until the server can be reached, or until that moment. What is done again must bear it. */
export async function patiently<T>(work: () => Promise<T>, until: number): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      if (!isOutage(cause) || performance.now() > until) throw cause;
      await sleep(pauseMs);
    }
  }
}

/** Does it, and throws the fault where the environment fails. */
export async function faulting<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw storeFaultOf(cause, name);
  }
}

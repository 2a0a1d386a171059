// Where a network keeps its rows: --store, or IOG_STORE, which no list of processes shows. Nothing here repeats the address: it may hold a password.
import type { Given } from '../arguments.ts';
import type { Environment } from '../environment.ts';
import { UsageError } from '../failure.ts';

export const storeOption = {
  type: 'string',
  value: '<postgres://…>',
  help: 'Keep rows in PostgreSQL instead of a file (or set IOG_STORE, which others cannot see)',
} as const;

/** The address; undefined for the file in the data folder. Throws UsageError. */
export function storeUrl(given: Given, environment: Environment): string | undefined {
  const option = given.text('store');
  const url = option ?? environment.store;
  if (url === undefined) return undefined;
  const what = option === undefined ? 'IOG_STORE' : '--store';
  if (!/^postgres(ql)?:\/\/./.test(url) || !URL.canParse(url))
    throw new UsageError(`${what} takes an address such as postgres://user@host:5432/database; without it rows are in a file.`);
  return url;
}

/** The same database, under a schema that nothing else uses. */
export function withSchema(url: string, schema: string): string {
  const own = new URL(url);
  own.searchParams.set('schema', schema);
  return own.href;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** For control, which is to have the address but not in its arguments. */
export function withStore(env: Variables, url: string | undefined): Variables {
  return { ...env, IOG_STORE: url };
}

/** For everything else: a worker has no business with the store. */
export function withoutStore(env: Variables): Variables {
  return { ...env, IOG_STORE: undefined, PGPASSWORD: undefined };
}

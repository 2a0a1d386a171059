// Which store control keeps its rows in: the one place that knows that there are two.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Store, TableSpec } from './store.ts';
import { dropPostgres, openPostgres } from './postgres/open.ts';
import { hasPostgresSchema, readPostgresBodies } from './postgres/read-rows.ts';
import { lockDirectory } from './sqlite/lock.ts';
import { openSqlite } from './sqlite/open.ts';
import { readSqliteBodies } from './sqlite/read-rows.ts';

export type StoreChoice =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `postgres://user:password@host:port/database?schema=iog`. It may hold a password: never log it. */
  | { readonly kind: 'postgres'; readonly url: string };

/** By default one SQLite file in control's directory. Either way this process holds the directory until the store is closed. */
export async function openStore(dir: string, choice: StoreChoice | undefined, tables: readonly TableSpec<never>[]): Promise<Store> {
  const chosen = storeOf(dir, choice);
  if (chosen.kind === 'sqlite') return openSqlite({ path: chosen.path, tables });
  const lock = lockDirectory(dir);
  try {
    const store = await openPostgres({ url: chosen.url, tables });
    return {
      ...store,
      async close() {
        await store.close();
        lock.release();
      },
    };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

/** Removes a store that no control has open, with all its rows. */
export async function dropStore(choice: StoreChoice & { kind: 'postgres' }): Promise<void> {
  await dropPostgres(choice.url);
}

/** The texts of all rows at one moment, or of some kinds, by kind and id, the same from either store. Beside a control or without one; it never writes. */
export async function readBodies(store: StoreChoice, kinds: readonly string[] | undefined, take: (body: string) => void): Promise<void> {
  if (store.kind === 'postgres') await readPostgresBodies(store.url, kinds, take);
  else readSqliteBodies(store.path, kinds, take);
}

/** Whether a store is there already. */
export async function storeExists(store: StoreChoice): Promise<boolean> {
  return store.kind === 'postgres' ? hasPostgresSchema(store.url) : existsSync(store.path);
}

/** Where the rows of the control of this directory are. */
export function storeOf(dir: string, choice: StoreChoice | undefined): StoreChoice {
  return choice ?? { kind: 'sqlite', path: path.join(dir, 'control.sqlite') };
}

// Which store control keeps its rows in: the one place that knows that there are two.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Store, TableSpec } from './store.ts';
import { dropPostgres, openPostgres } from './postgres/open.ts';
import { hasPostgresSchema, readPostgresBodies } from './postgres/read-bodies.ts';
import { lockDirectory } from './sqlite/lock.ts';
import { openSqlite } from './sqlite/open.ts';
import { readSqliteBodies } from './sqlite/read-rows.ts';

export type StoreChoice =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** `postgres://user:password@host:port/database?schema=iog`. It may hold a password: never log it. */
  | { readonly kind: 'postgres'; readonly url: string };

/** By default one SQLite file in control's directory. Either way this process holds the directory until the store is closed. */
export async function openStore(dir: string, choice: StoreChoice | undefined, tables: readonly TableSpec<never>[]): Promise<Store> {
  if (choice?.kind !== 'postgres') return openSqlite({ path: fileOf(dir, choice), tables });
  const lock = lockDirectory(dir);
  try {
    const store = await openPostgres({ url: choice.url, tables });
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

/** The texts of all rows at one moment, by kind and id, the same from either store. Beside a control that runs, or without one; it never writes. */
export async function readBodies(dir: string, choice: StoreChoice | undefined, take: (body: string) => void): Promise<void> {
  if (choice?.kind === 'postgres') await readPostgresBodies(choice.url, take);
  else readSqliteBodies(fileOf(dir, choice), take);
}

/** Whether a store is there already. */
export async function storeExists(dir: string, choice: StoreChoice | undefined): Promise<boolean> {
  return choice?.kind === 'postgres' ? hasPostgresSchema(choice.url) : existsSync(fileOf(dir, choice));
}

function fileOf(dir: string, choice: (StoreChoice & { kind: 'sqlite' }) | undefined): string {
  return choice?.path ?? path.join(dir, 'control.sqlite');
}

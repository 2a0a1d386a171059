// Stands for the store's transactions: may die before one, inside it before its COMMIT, and after it before anybody is told.
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction as real } from '../../packages/control/src/store/sqlite/schema.ts';
import { pass } from './mortal.ts';

export { openDatabase } from '../../packages/control/src/store/sqlite/schema.ts';

export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  pass('store.before-transaction');
  const value = real(database, () => {
    const done = work();
    pass('store.before-commit');
    return done;
  });
  pass('store.after-commit');
  return value;
}

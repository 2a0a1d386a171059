// Stands for the writer of the PostgreSQL store: may die before a group is sent, while its answer is awaited, and before anybody is told.
import { type PostgresWriter, postgresWriter as real } from '../../packages/control/src/store/postgres/write.ts';
import { pass } from './mortal.ts';

export async function postgresWriter(...made: Parameters<typeof real>): Promise<PostgresWriter> {
  const writer = await real(...made);
  return {
    async write(commits) {
      pass('store.before-transaction');
      const written = writer.write(commits);
      // Handled below: should it fail meanwhile, nobody is to call it unheard.
      written.catch(() => undefined);
      await new Promise(setImmediate);
      pass('store.before-commit');
      const results = await written;
      pass('store.after-commit');
      return results;
    },
    end: () => writer.end(),
  };
}

// Puts the modules of this folder in the place of the product's, by who imports what. To be called before the product is imported.
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');

/** importer > what it imports: the module of this folder that it gets instead. */
const replacements: Readonly<Record<string, string>> = {
  'packages/control/src/store/sqlite/open.ts > packages/control/src/store/sqlite/schema.ts': 'sqlite-schema.ts',
  'packages/control/src/store/postgres/open.ts > packages/control/src/store/postgres/write.ts': 'postgres-write.ts',
  'packages/control/src/fleet/take-message.ts > packages/control/src/timelock/evidence.ts': 'evidence.ts',
  'packages/control/src/blobs/blob-store.ts > node:fs/promises': 'blob-files.ts',
  'packages/worker/src/disk.ts > node:fs': 'spool-files.ts',
  'packages/worker/src/durable.ts > node:fs': 'record-files.ts',
  'packages/worker/src/worker.ts > packages/worker/src/session/wire.ts': 'wire.ts',
};

/** How many replacements took place: a harness whose points are nowhere must not go on. */
export function replaceModules(): { readonly done: () => number } {
  const done = new Set<string>();
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const importer = nameOf(context.parentURL ?? '');
      const key = `${importer} > ${nameOf(found.url)}`;
      const instead = replacements[key];
      if (instead === undefined) return found;
      done.add(key);
      return next(path.join(import.meta.dirname, instead), { ...context, importAttributes: {} });
    },
  });
  return { done: () => done.size };
}

function nameOf(url: string): string {
  return url.startsWith('file:') ? path.relative(root, fileURLToPath(url)) : url;
}

// Stands for the file system of the blob store: may die before a draft is synced, before it gets its name, and after.
import * as real from 'node:fs/promises';
import { pass } from './mortal.ts';

export * from 'node:fs/promises';

export const open: typeof real.open = async (...given) => {
  const file = await real.open(...given);
  const sync = file.sync.bind(file);
  file.sync = () => {
    pass('blob.before-sync');
    return sync();
  };
  return file;
};

export const link: typeof real.link = async (...given) => {
  pass('blob.before-link');
  await real.link(...given);
  pass('blob.after-link');
};

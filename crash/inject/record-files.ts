// Stands for the file system of a worker's small files: may die before a new one takes the old one's name, and after.
import * as real from 'node:fs';
import { pass } from './mortal.ts';

export * from 'node:fs';

export function renameSync(from: string, to: string): void {
  pass('record.before-rename');
  real.renameSync(from, to);
  pass('record.after-rename');
}

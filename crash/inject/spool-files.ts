// Stands for the file system of the spool: may die before an append, half way through it, before it is synced, and after.
import * as real from 'node:fs';
import { die, isLast, pass } from './mortal.ts';

export * from 'node:fs';

export function writeSync(file: number, bytes: Uint8Array, offset: number): number {
  pass('spool.before-append');
  if (isLast('spool.torn-append')) {
    real.writeSync(file, bytes, offset, Math.floor((bytes.length - offset) / 2));
    die();
  }
  return real.writeSync(file, bytes, offset);
}

export function fsyncSync(file: number): void {
  pass('spool.before-sync');
  real.fsyncSync(file);
  pass('spool.after-sync');
}

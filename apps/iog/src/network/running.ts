// Whether a network runs already in a folder: its control holds the folder's lock, and is the child of an `iog` that supervises it.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * True only where it certainly does: then there is nothing to wait for. A control whose supervisor has just died is about to end, and one
 * that somebody runs by hand is not ours to judge; both are found by the lock itself.
 */
export function isSupervised(controlDir: string): boolean {
  try {
    const holder = readFileSync(path.join(controlDir, 'lock.pid'), 'utf8').trim();
    const words = wordsOf(holder);
    if (!words.includes('--supervised') || !words.includes(controlDir)) return false;
    const parent = /^PPid:\s+([0-9]+)$/m.exec(readFileSync(`/proc/${holder}/status`, 'utf8'))?.[1] ?? '0';
    const above = wordsOf(parent);
    return above.some((word) => word.endsWith('main.ts')) && above.some((word) => word === 'up' || word === 'start');
  } catch {
    return false;
  }
}

function wordsOf(pid: string): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}

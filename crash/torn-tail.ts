// What a power cut does to the end of a worker's spool. Only what was never synced may be cut off; an append that was under way may be there in part.
import fs from 'node:fs';
import path from 'node:path';
import type { Dice } from './random.ts';

/** A part of an append that never ended: a torn line, or bytes of no meaning. */
export function addTornWrite(workerDir: string, dice: Dice): boolean {
  const file = lastWritten(workerDir);
  if (file === undefined) return false;
  const torn = dice.chance(50)
    ? '{"segment":3,"index":9,"closing":false,"signed":{"bytes":"e30'
    : String.fromCharCode(...Array.from({ length: 40 }, () => dice.between(11, 255)));
  fs.appendFileSync(file, Buffer.from(torn, 'latin1'));
  return true;
}

/** After a death between append and fsync: any part of that last line may be lost. The lines before it were synced. */
export function cutUnsynced(workerDir: string, dice: Dice): boolean {
  const file = lastWritten(workerDir);
  if (file === undefined) return false;
  const bytes = fs.readFileSync(file);
  const start = bytes.subarray(0, -1).lastIndexOf(10) + 1;
  if (bytes.length <= start) return false;
  fs.truncateSync(file, start + dice.below(bytes.length - start));
  return true;
}

function lastWritten(workerDir: string): string | undefined {
  const spool = path.join(workerDir, 'spool');
  if (!fs.existsSync(spool)) return undefined;
  const files = fs.readdirSync(spool).filter((name) => name.endsWith('.chain'));
  return files.map((name) => path.join(spool, name)).toSorted((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs)[0];
}

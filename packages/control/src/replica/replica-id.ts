// The name of a data directory among the replicas of its store: made once. A copy of the directory elsewhere would have the same; the later
// one of two such processes wins.
import fs from 'node:fs';
import path from 'node:path';
import { randomBytes, toHex } from '@iog/seal';

export function replicaId(dir: string): string {
  const file = path.join(dir, 'replica.id');
  try {
    const known = fs.readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{16}$/.test(known)) return known;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
  }
  const made = toHex(randomBytes(8));
  fs.writeFileSync(`${file}.new`, `${made}\n`, { mode: 0o600, flush: true });
  fs.renameSync(`${file}.new`, file);
  return made;
}

// What `iog up` remembers of the network it made: its port and its devices, fixed at the first start.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../failure.ts';
import { writePrivateFile } from '../profile.ts';
import type { DevicePlan } from './plan.ts';

export interface NetworkRecord {
  readonly port: number;
  readonly devices: readonly DevicePlan[];
  readonly funded: boolean;
  /** Its rows are in PostgreSQL; the address is not kept: it may hold a password. */
  readonly postgres: boolean;
}

export function readRecord(dir: string): NetworkRecord | undefined {
  const file = path.join(dir, 'network.json');
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<NetworkRecord>;
    if (typeof found.port === 'number' && Array.isArray(found.devices) && found.devices.length > 0) {
      return { port: found.port, devices: found.devices, funded: found.funded === true, postgres: found.postgres === true };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UserError(`${file} is damaged.`, 'Restore it, or start another network with --dir.');
}

export function writeRecord(dir: string, record: NetworkRecord): void {
  writePrivateFile(path.join(dir, 'network.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

// What SQLite says went wrong, in the store's own words and with a next step.
import { StoreFault, type StoreFaultCode } from './store.ts';

const full = 13;
const readonly = 8;
const corrupt = 11;
const notADatabase = 26;
const cannotOpen = 14;
const busy = 5;

/** The fault of an error that SQLite threw; any other error is a bug of ours and stays what it is. */
export function faultOf(error: unknown, file: string): unknown {
  if (error instanceof StoreFault) return error;
  const { errcode, code } = error as { errcode?: number; code?: string };
  if (code !== 'ERR_SQLITE_ERROR' && code !== 'ENOSPC' && code !== 'EROFS' && code !== 'EACCES') return error;
  const fault = (name: StoreFaultCode, message: string): StoreFault => new StoreFault(name, message, { cause: error });
  switch (code === 'ENOSPC' ? full : code === 'ERR_SQLITE_ERROR' ? (errcode ?? 0) & 0xff : readonly) {
    case full:
      return fault('store.full', `The disk of ${file} is full. Nothing of this change was kept; free some space and try again.`);
    case readonly:
    case cannotOpen:
      return fault('store.readonly', `${file} cannot be written. Correct its permissions, or choose another directory with --dir.`);
    case corrupt:
    case notADatabase:
      return fault('store.corrupt', `${file} is damaged. It was left as it is; restore a copy of it, or choose another directory with --dir.`);
    case busy:
      return fault('store.in-use', `${file} is held by another process. Stop that one, or choose another directory with --dir.`);
    default:
      return fault('store.io', `${file} failed: ${(error as Error).message}. Look at the disk, then try again.`);
  }
}

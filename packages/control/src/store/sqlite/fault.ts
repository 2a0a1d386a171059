// Which StoreFault an error of SQLite or of its files is, with what to do about it.
import { StoreFault, type StoreFaultCode } from '../store.ts';

// Primary result codes: https://sqlite.org/rescode.html
const codes: Readonly<Record<number, StoreFaultCode>> = {
  3: 'store.readonly',
  5: 'store.in-use',
  6: 'store.in-use',
  8: 'store.readonly',
  10: 'store.io',
  11: 'store.corrupt',
  13: 'store.full',
  14: 'store.io',
  26: 'store.corrupt',
};
const fileCodes: Readonly<Record<string, StoreFaultCode>> = {
  ENOSPC: 'store.full',
  EDQUOT: 'store.full',
  EACCES: 'store.readonly',
  EPERM: 'store.readonly',
  EROFS: 'store.readonly',
};

const nextSteps: Partial<Record<StoreFaultCode, string>> = {
  'store.full': 'is full: free space on its disk; the store goes on by itself',
  'store.readonly': 'cannot be written: let the user of this process write to its directory',
  'store.corrupt': 'is damaged: stop, keep a copy of the directory, and restore the latest backup',
  'store.in-use': 'is locked by another program: close what has it open',
  'store.io': 'could not be read or written: check its disk and its directory',
};

/** The fault that `cause` is, at `path`; an error that is no fault of the environment (SQL that is wrong) is given back as it is. */
export function storeFaultOf(cause: unknown, path: string): Error {
  if (cause instanceof StoreFault) return cause;
  const code = faultCode(cause);
  if (code === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  return new StoreFault(code, `the store ${path} ${nextSteps[code] ?? ''} (${(cause as Error).message})`, cause);
}

/** Does it, and throws the fault where the environment fails. */
export function faulting<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw storeFaultOf(cause, path);
  }
}

function faultCode(cause: unknown): StoreFaultCode | undefined {
  if (!(cause instanceof Error)) return undefined;
  // The low byte of an extended code is its primary code.
  if ('errcode' in cause && typeof cause.errcode === 'number') return codes[cause.errcode & 0xff];
  if (!('syscall' in cause) || !('code' in cause)) return undefined;
  return fileCodes[String(cause.code)] ?? 'store.io';
}

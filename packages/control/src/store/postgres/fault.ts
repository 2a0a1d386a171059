// Which StoreFault an error of PostgreSQL or of the way to it is, with what to do about it.
import { StoreFault, type StoreFaultCode } from '../store.ts';

// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html; two letters stand for their whole class.
const codes: Readonly<Record<string, StoreFaultCode>> = {
  '25006': 'store.readonly',
  '28': 'store.unavailable',
  '3D000': 'store.unavailable',
  '40': 'store.busy',
  '42501': 'store.readonly',
  '53': 'store.busy',
  '53100': 'store.full',
  '55P03': 'store.busy',
  '57014': 'store.busy',
  '58': 'store.io',
  XX001: 'store.corrupt',
  XX002: 'store.corrupt',
};
const nextSteps: Partial<Record<StoreFaultCode, string>> = {
  'store.full': 'has no room left: free space on its server; the store goes on by itself',
  'store.readonly': 'cannot be written: connect to the primary, as a user that owns the schema',
  'store.corrupt': 'is damaged: stop, and restore the latest backup',
  'store.busy': 'is too busy: try again',
  'store.io': 'could not be read or written: see the log of its server',
  'store.unavailable': 'cannot be reached: check its address, user and password, and that its server runs',
};

// Not EHOSTUNREACH and ENETUNREACH: a connection that stood may end with them too, after it has sent.
const unsent = ['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'CONNECT_TIMEOUT', '57P03', '53300'];

export interface ServerError extends Error {
  readonly code: string;
}

/** An answer of the server to the statement: it was not applied. */
function isAnswer(cause: unknown): cause is ServerError {
  return cause instanceof Error && cause.name === 'PostgresError' && !isOutage(cause);
}

/** The way to the server is cut, or it is ending or starting: what was asked may have been done. */
export function isOutage(cause: unknown): cause is ServerError {
  if (!(cause instanceof Error) || !('code' in cause) || typeof cause.code !== 'string') return false;
  if (cause.name === 'PostgresError') return /^(08|57P)/.test(cause.code) || cause.code === '53300';
  return /^(E[A-Z]+|CONNECT(ION)?_[A-Z]+)$/.test(cause.code);
}

/** An outage that was there before anything was sent. */
export function isUnsent(cause: unknown): boolean {
  return isOutage(cause) && unsent.includes(cause.code);
}

/** The group's number was used before: what came of that must be asked for. */
export function isNumberUsed(cause: unknown): boolean {
  return isAnswer(cause) && cause.code === 'IOG01';
}

/** Another transaction was in the way: the same again may succeed. 23505 only where somebody else writes these tables. */
export function isCollision(cause: unknown): boolean {
  return isAnswer(cause) && ['40001', '40P01', '23505'].includes(cause.code);
}

/** The fault that `cause` is; an error that is no fault of the environment (SQL that is wrong) is given back as it is. `name` holds no secret. */
export function storeFaultOf(cause: unknown, name: string): Error {
  if (cause instanceof StoreFault) return cause;
  const code = faultCode(cause);
  if (code === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  return new StoreFault(code, `the store ${name} ${nextSteps[code] ?? ''} (${(cause as Error).message})`, cause);
}

function faultCode(cause: unknown): StoreFaultCode | undefined {
  if (isOutage(cause)) return 'store.unavailable';
  return isAnswer(cause) ? (codes[cause.code] ?? codes[cause.code.slice(0, 2)]) : undefined;
}

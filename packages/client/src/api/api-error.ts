// What the network refused, as a value with a code; and what happens when the network is not there at all.
import { isErrorCode, problemOf, type Problem } from '@iog/protocol';

/** The network answered with a problem document: its code, sentence and next step. */
export class ApiError extends Error {
  readonly problem: Problem;
  /** What the network said to wait before asking again; 0 where it said nothing. */
  readonly retryAfterMs: number;
  constructor(problem: Problem, retryAfterMs = 0) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Nobody answered under the address, within the time allowed. */
export class UnreachableError extends Error {
  readonly url: string;
  constructor(url: string, why: string) {
    super(`The network at ${url} does not answer: ${why}.`);
    this.name = 'UnreachableError';
    this.url = url;
  }
}

/** Whoever answered has no certificate for that address that this machine trusts: nothing was sent to them. */
export class UntrustedError extends Error {
  readonly url: string;
  constructor(url: string, why: string) {
    super(`Whoever answers at ${url} does not prove to be it: ${why}.`);
    this.name = 'UntrustedError';
    this.url = url;
  }
}

/** The problem in an answer's body; a body that holds none (a proxy's page, a cut answer) becomes `control.unavailable`. */
export function problemFrom(status: number, body: Uint8Array): Problem {
  try {
    const found: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (isProblem(found)) return found;
  } catch {
    // Not JSON: said below.
  }
  return { ...problemOf({ code: 'control.unavailable', context: { detail: `HTTP ${status} without a problem document` } }), status };
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, detail, next } = value as Partial<Problem>;
  return typeof code === 'string' && isErrorCode(code) && typeof detail === 'string' && typeof next === 'string';
}

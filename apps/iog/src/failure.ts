// The two ways in which a command ends early through its user, and what is said then. Anything else is a bug and shows its stack.
import { ApiError, PackError, QuoteError, UnreachableError, UntrustedError } from '@iog/client';

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Something that the user can put right: exit code 1, with the next step. */
export class UserError extends Error {
  readonly next: string;
  constructor(message: string, next: string) {
    super(message);
    this.name = 'UserError';
    this.next = next;
  }
}

export interface Told {
  readonly lines: readonly string[];
  readonly exitCode: number;
  readonly problem: Readonly<Record<string, unknown>>;
}

/** What to say of an error, and the exit code it means. */
export function tell(error: unknown): Told {
  if (error instanceof UsageError) return told(2, 'usage', error.message, undefined);
  if (error instanceof UserError) return told(1, 'user', error.message, error.next);
  if (error instanceof ApiError) return told(1, error.problem.code, error.message, error.problem.next);
  if (error instanceof PackError) return told(1, 'package', error.message, undefined);
  if (error instanceof QuoteError) return told(1, 'quote', error.message, 'Do not rent from this network until its operator explains it.');
  if (error instanceof UnreachableError)
    return told(1, 'unreachable', error.message, 'Start one with `iog up`, or check the address: `iog login <url>`, IOG_URL.');
  if (error instanceof UntrustedError)
    return told(
      1,
      'untrusted',
      error.message,
      'Nothing was sent. If the network has an authority of its own: `iog login <url> --ca <file>`.',
    );
  const { code, message, name } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error), name: '' };
  // A network that refuses is up: its own code says more than that it was asked over HTTP.
  if (name === 'HttpFault' && code !== undefined) return told(1, code, message, undefined);
  if (name === 'HttpFault') return told(1, 'network', message, 'Check the address and that the network is up: `iog doctor`.');
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ENOTFOUND')
    return told(1, code, `The network does not answer: ${message}.`, 'Start one with `iog up`, or correct the address.');
  if (name === 'SealError') return told(1, code ?? 'seal', message, 'This profile may belong to another account; see `iog account show`.');
  if (code === 'ENOSPC') return told(1, code, 'The disk is full.', 'Free some space and try again; what was acknowledged is kept.');
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT')
    return told(1, code, `${message}.`, 'Check the path and its owner.');
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  return { lines: [`bug: ${stack}`, 'next: report it with the lines above'], exitCode: 1, problem: { code: 'bug', detail: message } };
}

function told(exitCode: number, code: string, detail: string, next: string | undefined): Told {
  const lines = [`error: ${detail}`, ...(next === undefined ? [] : [`next: ${next}`]), ...(code === 'usage' ? [] : [`code: ${code}`])];
  return { lines, exitCode, problem: { code, detail, ...(next === undefined ? {} : { next }) } };
}

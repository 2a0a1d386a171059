// Problem documents (RFC 9457): a rejection as people and programs read it, its sentence filled from its context.
import { type ErrorCode, type ErrorContext, type Rejection, errors } from './errors.ts';
import { formatAmount } from './money.ts';

/** What lists the things of a noun: the next step where one was not found. */
const lists: Readonly<Record<string, string>> = {
  account: 'iog account show',
  cluster: 'iog cluster list',
  device: 'iog device list',
  token: 'iog device tokens',
  job: 'iog job list <cluster>',
  invitation: 'iog invitation list',
  key: 'iog key list',
  member: 'iog member list',
  lease: 'iog cluster show <cluster>',
};

function fill(template: string, context: ErrorContext): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = name === 'list' ? (lists[String(context['noun'])] ?? 'iog help') : context[name];
    if (value === undefined) return `{${name}}`;
    return name.endsWith('Micro') && /^-?[0-9]+$/.test(String(value)) ? told(BigInt(value), context['currency']) : String(value);
  });
}

function told(micro: bigint, currency: string | number | undefined): string {
  return currency === undefined ? formatAmount(micro) : `${formatAmount(micro)} ${currency}`;
}

/** An RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly next: string;
  readonly context: ErrorContext;
  readonly request?: string;
}

/** Where control tells people of a code. */
export function problemPath(code: ErrorCode): string {
  return `/problems/${code}`;
}

/** The problem document of a rejection; `request` is the id of the request it answers. */
export function problemOf({ code, context }: Rejection, request?: string): Problem {
  const row = errors[code];
  return {
    type: problemPath(code),
    title: code,
    status: row.status,
    detail: fill(row.sentence, context),
    code,
    next: fill(row.next, context),
    context,
    ...(request === undefined ? {} : { request }),
  };
}

/** What the context of a code holds: the fields of its sentence and next step. */
export function contextFields(code: ErrorCode): readonly string[] {
  const { sentence, next } = errors[code];
  const named = [...`${sentence} ${next}`.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return [...new Set(named)].filter((name) => name !== 'list');
}

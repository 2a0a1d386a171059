// What core gives back when asked: the rows to save, or the reason why not.
import type { ErrorCode, ErrorContext, Rejection } from '@iog/protocol';
import type { Row } from './rows.ts';

/** A change is the next value of a row: what is accepted is committed as it stands. `value` is what the caller is told. */
export type Decision<Value = undefined> =
  | { readonly ok: true; readonly rows: readonly Row[]; readonly value: Value }
  | { readonly ok: false; readonly rejection: Rejection };

export function accept(rows: readonly Row[]): Decision;
export function accept<Value>(rows: readonly Row[], value: Value): Decision<Value>;
export function accept(rows: readonly Row[], value?: unknown): Decision<unknown> {
  return { ok: true, rows, value };
}

export function reject(code: ErrorCode, context: ErrorContext = {}): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: { code, context } };
}

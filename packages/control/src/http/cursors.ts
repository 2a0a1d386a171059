// Cursors as callers see them: each signed over the list that gave it out, so that one that is forged, altered or of another list is refused.
import { canonical, verify } from '@iog/seal';
import type { ControlPorts } from '../ports.ts';

/** What a cursor belongs to: the route with its address and filters, and the account that asked. */
export interface ListAsked {
  readonly route: string;
  readonly account: string;
  readonly params: unknown;
  /** With `limit` and `after`, which it is not bound to. */
  readonly query: unknown;
}

export interface Cursors {
  seal(list: ListAsked, at: string): string;
  /** What was sealed; undefined for what this list never gave out. */
  open(list: ListAsked, cursor: string): string | undefined;
}

const form = /^([A-Za-z0-9_-]{1,300})\.([A-Za-z0-9_-]{86})$/;

export function cursors({ key }: Pick<ControlPorts, 'key'>): Cursors {
  return {
    seal: (list, at) => `${Buffer.from(at).toString('base64url')}.${key.sign('cursor', signed(list, at))}`,
    open(list, cursor) {
      const [, told = '', signature = ''] = form.exec(cursor) ?? [];
      const at = Buffer.from(told, 'base64url').toString();
      // One cursor, one spelling: base64 is read also where it has a character too many.
      const isSpelt = signature !== '' && Buffer.from(at).toString('base64url') === told;
      return isSpelt && verify(key.publicKey, 'cursor', signed(list, at), signature) ? at : undefined;
    },
  };
}

function signed({ route, account, params, query }: ListAsked, at: string): Uint8Array {
  const { limit: _limit, after: _after, ...filters } = { ...(query as Record<string, unknown> | undefined) };
  return canonical({ route, account, params: params ?? null, filters, at });
}

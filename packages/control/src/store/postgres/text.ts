// Texts as PostgreSQL keeps them: it refuses U+0000 in a text, so that character is written as two that sort where it would.
import type { Entry } from '../catalog.ts';

/** Keeps the bytewise order. Where the text is not well formed, the replacement character stands, as in SQLite. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these two are what this is about
  return text.toWellFormed().replaceAll(/[\u0000\u0001]/g, (found) => (found === '\u0000' ? '\u0001\u0001' : '\u0001\u0002'));
}

export function equalsText(equals: string | 0 | undefined): string {
  return equals === undefined || equals === 0 ? '' : `=${plain(equals)}`;
}

/** A number sorts by `n`; a text by `t`, after every number. */
export function sortOf(sort: number | string): { readonly n: number | 'Infinity'; readonly t: string } {
  return typeof sort === 'number' ? { n: sort, t: '' } : { n: 'Infinity', t: plain(sort) };
}

/** The entries of one row as its `filed`. */
export function filedText(entries: readonly Entry[]): string {
  return JSON.stringify(entries.map(([list, equals, sort]) => ({ l: list, e: equalsText(equals), ...sortOf(sort) })));
}

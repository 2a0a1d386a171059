// Canonical JSON: one value, one spelling, so that a signature or hash over it means the value. Not a parser.
import { SealError } from './seal-error.ts';

const maxDepth = 64;

/**
 * The UTF-8 bytes of a value: keys sorted by UTF-16 code units, no spaces, whole safe numbers only, a bigint as a decimal string,
 * undefined fields dropped. Throws `seal.not-canonical` for all that has no one spelling: fractions, NaN, undefined outside of fields,
 * lone surrogates, class instances, depth above 64.
 */
export function canonical(value: unknown): Uint8Array {
  return new TextEncoder().encode(spell(value, 0));
}

function spell(value: unknown, depth: number): string {
  if (depth > maxDepth) throw refuse(`nesting deeper than ${maxDepth}`);
  switch (typeof value) {
    case 'string':
      // TextEncoder would turn any lone surrogate into U+FFFD: two values, one spelling.
      if (!value.isWellFormed()) throw refuse('a string with a lone surrogate');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isSafeInteger(value)) throw refuse(`the number ${value}`);
      return String(value);
    case 'bigint':
      return `"${value}"`;
    case 'object':
      return value === null ? 'null' : spellObject(value, depth);
    case 'undefined':
    case 'function':
    case 'symbol':
    default:
      throw refuse(`a value of type ${typeof value}`);
  }
}

function spellObject(value: object, depth: number): string {
  // Array.from visits holes too, which map would skip.
  if (Array.isArray(value)) return `[${Array.from(value, (item: unknown) => spell(item, depth + 1)).join(',')}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refuse('an instance of a class');
  const fields = Object.entries(value as Record<string, unknown>)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${spell(key, depth + 1)}:${spell(field, depth + 1)}`);
  return `{${fields.join(',')}}`;
}

function refuse(what: string): SealError {
  return new SealError('seal.not-canonical', `Canonical JSON has no spelling for ${what}.`);
}

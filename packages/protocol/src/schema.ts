// Small pieces of schema that every concern's words are made of.
import { Type, type TProperties } from 'typebox';

/** An object whose unknown fields are refused. */
export function strict<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** One of these words. */
export function oneOf<const W extends readonly string[]>(words: W) {
  return Type.Unsafe<W[number]>(Type.Union(words.map((word) => Type.Literal(word))));
}

const namePattern = '^[A-Za-z0-9][A-Za-z0-9 ._@:-]*$';
const nameLength = 64;
/**
 * A name that a person gives: plain ASCII, at most 64. So no two that look alike are different (a Cyrillic а, a ligature, an accent written in
 * two ways), and nothing in it is invisible or turns the direction of what stands beside it.
 */
export const NameSchema = Type.String({ minLength: 1, maxLength: nameLength, pattern: namePattern, examples: ['train'] });
/** What a name may be, to stand behind the word "takes". */
export const nameRule = 'letters (A to Z), digits, spaces and . _ @ : - (first a letter or digit, at most 64 in all)';
export function isName(text: string): boolean {
  return text.length <= nameLength && new RegExp(namePattern).test(text);
}
/** Why a text is no name, naming its first character that is none of a name's, or undefined where it is one. */
export function nameFault(text: string): string | undefined {
  if (isName(text)) return undefined;
  const wrong = Array.from(text).find((character, i) => !(i === 0 ? /^[A-Za-z0-9]$/ : /^[A-Za-z0-9 ._@:-]$/).test(character));
  const code = (wrong?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  // Never as it is: it may be one that cannot be seen.
  return `takes ${nameRule}${wrong === undefined ? '' : `, not U+${code}`}`;
}
export const TextSchema = Type.String({ maxLength: 512 });
export const HexSchema = Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0123456789abcdef'.repeat(4)] });
export const PublicKeySchema = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', examples: ['A'.repeat(43)] });
export const SignatureSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{86}$', examples: ['A'.repeat(86)] });
export const RecipientSchema = Type.String({ pattern: '^age1[0-9a-z]{20,2000}$', examples: [`age1${'q'.repeat(58)}`] });
/** Sealed bytes, base64url, at most 64 KiB. */
export const SealedSchema = Type.String({ maxLength: 90_000, pattern: '^[A-Za-z0-9_-]+$', examples: ['c2VhbGVk'] });
/** What makes a repeated request the same one: printable, without spaces. */
export const idempotencyKeyPattern = '^[!-~]{8,128}$';
export const IdempotencyKeySchema = Type.String({ pattern: idempotencyKeyPattern, examples: ['4f9d8c1e2b7a6035'] });
/** Where the next page of a list goes on: `next` of the page before, of the same list and filters. */
export const CursorSchema = Type.String({ maxLength: 400 });
export const CountSchema = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });
export const BytesSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

// Ids of devices in six words each, by number: an eighth of what a string takes, and compared as the strings are.
import type { DeviceId } from '@iog/protocol';

export interface PackedIds {
  /** Makes this id the one that `isAsked` and `keep` are about; false where it is not the id of a device. */
  ask(id: string): boolean;
  askedHash(): number;
  isAsked(at: number): boolean;
  keep(at: number): void;
  hash(at: number): number;
  idOf(this: void, at: number): DeviceId;
  /** As the ids compare, bytewise. */
  compare(this: void, a: number, b: number): number;
  bytes(): number;
}

const prefix = 'dev_';
const idLength = 26;
/** Five characters of six bits to a word. */
const charsOfWord = 5;
const wordsOfId = 6;
const digits = '0123456789abcdefghijklmnopqrstuvwxyz';

export function packedIds(): PackedIds {
  let ids = new Uint32Array(1_024 * wordsOfId);
  const asked = new Uint32Array(wordsOfId);
  return {
    ask: (id) => pack(id, asked),
    askedHash: () => hashOf(asked, 0),
    isAsked(at) {
      for (let i = 0; i < wordsOfId; i++) if (ids[at * wordsOfId + i] !== asked[i]) return false;
      return true;
    },
    keep(at) {
      if (ids.length < (at + 1) * wordsOfId) ids = grown(ids, (at + 1) * wordsOfId);
      ids.set(asked, at * wordsOfId);
    },
    hash: (at) => hashOf(ids, at * wordsOfId),
    idOf: (at) => unpack(ids, at * wordsOfId),
    compare(a, b) {
      for (let i = 0; i < wordsOfId; i++) {
        const order = (ids[a * wordsOfId + i] as number) - (ids[b * wordsOfId + i] as number);
        if (order !== 0) return order;
      }
      return 0;
    },
    bytes: () => ids.byteLength,
  };
}

/** The same numbers in a longer array: at least `length`, and room for an eighth more. */
export function grown<A extends Uint16Array | Uint32Array>(array: A, length: number): A {
  const longer = new (array.constructor as new (length: number) => A)(Math.ceil((length * 1.125) / 1_024) * 1_024);
  longer.set(array);
  return longer;
}

function hashOf(words: Uint32Array, from: number): number {
  let hash = 0x9e37_79b9;
  for (let i = 0; i < wordsOfId; i++) hash = Math.imul(hash ^ (words[from + i] as number), 0x85eb_ca6b) ^ (hash >>> 15);
  return hash ^ (hash >>> 13);
}

function pack(id: string, into: Uint32Array): boolean {
  if (id.length !== prefix.length + idLength || !id.startsWith(prefix)) return false;
  into.fill(0);
  for (let i = 0; i < idLength; i++) {
    const digit = digits.indexOf(id.charAt(prefix.length + i));
    if (digit < 0) return false;
    const word = Math.floor(i / charsOfWord);
    into[word] = ((into[word] as number) << 6) | digit;
  }
  return true;
}

function unpack(ids: Uint32Array, from: number): DeviceId {
  let id = prefix;
  for (let i = 0; i < idLength; i++) {
    const word = Math.floor(i / charsOfWord);
    const inWord = Math.min(charsOfWord, idLength - word * charsOfWord);
    id += digits.charAt(((ids[from + word] as number) >>> (6 * (inWord - 1 - (i % charsOfWord)))) & 63);
  }
  return id as DeviceId;
}

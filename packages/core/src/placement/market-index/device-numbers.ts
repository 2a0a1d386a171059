// A small number for each device that is in the index: ids packed into words, found by a hash table of its own, 32 bytes a device in all.
import type { DeviceId } from '@iog/protocol';

export interface DeviceNumbers {
  find(id: string): number | undefined;
  /** Its number, a new one where it has none: one that was let go before, or the next. */
  take(id: string): number;
  drop(id: string): number | undefined;
  idOf(at: number): DeviceId;
  /** As the ids compare, bytewise. */
  compare(a: number, b: number): number;
  readonly count: number;
  /** Numbers are below it. */
  readonly end: number;
  readonly bytes: number;
}

const prefix = 'dev_';
const idLength = 26;
/** Five characters of six bits to a word. */
const wordsOfId = 6;
const absent = 0xffff_ffff;
const digits = '0123456789abcdefghijklmnopqrstuvwxyz';

export function deviceNumbers(): DeviceNumbers {
  let ids = new Uint32Array(1_024 * wordsOfId);
  let table = new Uint32Array(2_048).fill(absent);
  const free: number[] = [];
  const wanted = new Uint32Array(wordsOfId);
  let [count, end] = [0, 0];

  const isWanted = (at: number): boolean => {
    for (let i = 0; i < wordsOfId; i++) if (ids[at * wordsOfId + i] !== wanted[i]) return false;
    return true;
  };
  const homeOf = (words: Uint32Array, from: number): number => {
    let hash = 0x9e37_79b9;
    for (let i = 0; i < wordsOfId; i++) hash = Math.imul(hash ^ (words[from + i] as number), 0x85eb_ca6b) ^ (hash >>> 15);
    return (hash ^ (hash >>> 13)) & (table.length - 1);
  };
  /** The place of the wanted id in the table, or the empty place where it would be. */
  const placeOf = (): number => {
    let place = homeOf(wanted, 0);
    while (table[place] !== absent && !isWanted(table[place] as number)) place = (place + 1) & (table.length - 1);
    return place;
  };
  const spread = (): void => {
    const before = table;
    table = new Uint32Array(before.length * 2).fill(absent);
    for (const at of before) {
      if (at === absent) continue;
      let place = homeOf(ids, at * wordsOfId);
      while (table[place] !== absent) place = (place + 1) & (table.length - 1);
      table[place] = at;
    }
  };
  /** Those behind an emptied place move up, as far as their own home lets them: a search never meets a hole before what it looks for. */
  const close = (emptied: number): void => {
    let hole = emptied;
    for (let place = (hole + 1) & (table.length - 1); table[place] !== absent; place = (place + 1) & (table.length - 1)) {
      const home = homeOf(ids, (table[place] as number) * wordsOfId);
      if (((place - home) & (table.length - 1)) < ((place - hole) & (table.length - 1))) continue;
      table[hole] = table[place] as number;
      hole = place;
    }
    table[hole] = absent;
  };

  return {
    find(id) {
      if (!pack(id, wanted)) return undefined;
      const at = table[placeOf()] as number;
      return at === absent ? undefined : at;
    },
    take(id) {
      if (!pack(id, wanted)) throw new Error(`${id} is not the id of a device`);
      const place = placeOf();
      if (table[place] !== absent) return table[place] as number;
      const at = free.pop() ?? end++;
      if (ids.length < end * wordsOfId) ids = grown(ids, end * wordsOfId);
      ids.set(wanted, at * wordsOfId);
      table[place] = at;
      count += 1;
      if (count * 2 > table.length) spread();
      return at;
    },
    drop(id) {
      if (!pack(id, wanted)) return undefined;
      const place = placeOf();
      const at = table[place] as number;
      if (at === absent) return undefined;
      close(place);
      free.push(at);
      count -= 1;
      return at;
    },
    idOf: (at) => unpack(ids, at * wordsOfId),
    compare(a, b) {
      for (let i = 0; i < wordsOfId; i++) {
        const order = (ids[a * wordsOfId + i] as number) - (ids[b * wordsOfId + i] as number);
        if (order !== 0) return order;
      }
      return 0;
    },
    get count() {
      return count;
    },
    get end() {
      return end;
    },
    get bytes() {
      return ids.byteLength + table.byteLength + free.length * 8;
    },
  };
}

/** The same numbers in a longer array: at least `length`, and room for an eighth more. */
export function grown<A extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(array: A, length: number): A {
  const longer = new (array.constructor as new (length: number) => A)(Math.ceil((length * 1.125) / 1_024) * 1_024);
  longer.set(array);
  return longer;
}

function pack(id: string, into: Uint32Array): boolean {
  if (id.length !== prefix.length + idLength || !id.startsWith(prefix)) return false;
  into.fill(0);
  for (let i = 0; i < idLength; i++) {
    const code = id.charCodeAt(prefix.length + i);
    const digit = code <= 57 ? code - 48 : code - 87;
    if (digit < 0 || digit > 35 || (code > 57 && code < 97)) return false;
    const word = Math.floor(i / 5);
    into[word] = ((into[word] as number) << 6) | (digit + 1);
  }
  return true;
}

function unpack(ids: Uint32Array, from: number): DeviceId {
  let id = prefix;
  for (let i = 0; i < idLength; i++) {
    const word = Math.floor(i / 5);
    const inWord = Math.min(5, idLength - word * 5);
    id += digits[(((ids[from + word] as number) >>> (6 * (inWord - 1 - (i % 5)))) & 63) - 1] ?? '';
  }
  return id as DeviceId;
}

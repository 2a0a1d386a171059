// Which devices have a name (a region, a model of GPU): as many sets as there is room for, each for one name, or for several once names are many.

export interface NamedBits {
  set(at: number, id: number, isSet: boolean): void;
  /** The devices of this word that may have the name. */
  word(word: number, id: number): number;
  reserve(words: number): void;
  readonly bytes: number;
}

/** Names share a set where their numbers are the same modulo it. */
export const setsOfNames = 64;

export function namedBits(): NamedBits {
  let bits = new Uint32Array(setsOfNames);
  let words = 1;
  return {
    set(at, id, isSet) {
      const word = (id & (setsOfNames - 1)) * words + (at >>> 5);
      const bit = 1 << (at & 31);
      bits[word] = isSet ? (bits[word] as number) | bit : (bits[word] as number) & ~bit;
    },
    word: (word, id) => bits[(id & (setsOfNames - 1)) * words + word] as number,
    reserve(more) {
      const longer = new Uint32Array(more * setsOfNames);
      for (let i = 0; i < setsOfNames; i++) longer.set(bits.subarray(i * words, (i + 1) * words), i * more);
      bits = longer;
      words = more;
    },
    get bytes() {
      return bits.byteLength;
    },
  };
}

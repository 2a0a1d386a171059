// Sets of devices as bits, 32 to a word: what the market index counts and narrows with.

/** How many bits are set. */
export function bitsIn(word: number): number {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function setBit(words: Uint32Array, at: number, isSet: boolean): void {
  const word = at >>> 5;
  const bit = 1 << (at & 31);
  words[word] = isSet ? (words[word] as number) | bit : (words[word] as number) & ~bit;
}

/** The bits of `among` for which `keeps` holds of the device. */
export function keepBits(word: number, among: number, keeps: (at: number) => boolean): number {
  let kept = among;
  for (let rest = among; rest !== 0; rest &= rest - 1) {
    const bit = rest & -rest;
    if (!keeps((word << 5) + (31 - Math.clz32(bit)))) kept &= ~bit;
  }
  return kept;
}

// A whole number for each device, one set of devices for each of its bits: `at least so many` is answered for 32 devices at a time.

export interface SlicedNumbers {
  /** Saturates at the largest number that its bits hold. */
  set(at: number, value: number): void;
  /** Of `among`, those whose number is more than `than`; the rest of them that have exactly it are left in `equal`. */
  above(word: number, among: number, than: number): number;
  /** Of the last question. */
  equal(): number;
  reserve(words: number): void;
  readonly bytes: number;
}

export function slicedNumbers(bits: number): SlicedNumbers {
  const most = 2 ** bits - 1;
  let slices = new Uint32Array(bits);
  let equal = 0;
  return {
    set(at, value) {
      const held = Math.min(most, value);
      const from = (at >>> 5) * bits;
      const bit = 1 << (at & 31);
      for (let i = 0; i < bits; i++) {
        const before = slices[from + i] as number;
        slices[from + i] = (held >>> (bits - 1 - i)) & 1 ? before | bit : before & ~bit;
      }
    },
    above(word, among, than) {
      const asked = Math.min(most, than);
      const from = word * bits;
      let more = 0;
      equal = among;
      for (let i = 0; i < bits && equal !== 0; i++) {
        const slice = slices[from + i] as number;
        if ((asked >>> (bits - 1 - i)) & 1) equal &= slice;
        else {
          more |= equal & slice;
          equal &= ~slice;
        }
      }
      return more;
    },
    equal: () => equal,
    reserve(words) {
      const longer = new Uint32Array(words * bits);
      longer.set(slices);
      slices = longer;
    },
    get bytes() {
      return slices.byteLength;
    },
  };
}

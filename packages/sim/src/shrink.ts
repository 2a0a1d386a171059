// A shorter list of faults that breaks the same law: halves, then quarters, and so on are left out as long as it still breaks.
import type { Fault } from './faults/plan.ts';

/** `breaks` says whether a list still breaks the law; it is asked at most `tries` times. */
export async function shrink(
  faults: readonly Fault[],
  tries: number,
  breaks: (faults: readonly Fault[]) => Promise<boolean>,
): Promise<readonly Fault[]> {
  let kept = faults;
  let left = tries;
  for (let size = Math.ceil(kept.length / 2); kept.length > 0;) {
    let isShorter = false;
    for (let from = 0; from < kept.length && left > 0;) {
      const without = [...kept.slice(0, from), ...kept.slice(from + size)];
      left -= 1;
      if (await breaks(without)) {
        kept = without;
        isShorter = true;
      } else from += size;
    }
    if (left <= 0 || (size === 1 && !isShorter)) return kept;
    if (!isShorter) size = Math.max(1, Math.floor(size / 2));
    else size = Math.min(size, Math.max(1, Math.ceil(kept.length / 2)));
  }
  return kept;
}

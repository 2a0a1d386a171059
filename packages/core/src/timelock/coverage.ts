// How the samples of a lease's chain cover one minute: which of them, how wide the widest hole is, whether a link is broken.
import type { Instant } from '@iog/protocol';
import type { Sample } from '../rows.ts';

export interface Coverage {
  /** The whole chain as it was handed in, in its order, each sample once, without contradictions. */
  readonly chain: readonly Sample[];
  /** From the last sample at or before the minute's start to the first at or after its end. */
  readonly covering: readonly Sample[];
  readonly isContradicted: boolean;
  readonly gapMs: number;
  readonly broken: number;
}

/**
 * The same for any order of `samples`, and for any of them given twice. `heldFrom`: from when on they are all that there is. Where none of them
 * is older than the minute, the hole before its first goes back to there: a longer hole is never better than a shorter one.
 */
export function coverageOf(
  samples: readonly Sample[],
  { from, to, heldFrom }: { from: Instant; to: Instant; heldFrom: Instant },
): Coverage {
  const ordered = inOrder(samples);
  const chain = ordered.filter((sample) => !sample.contradiction);
  const before = chain.findLast((sample) => sample.at <= from);
  const inside = chain.filter((sample) => sample.at > from && sample.at < to);
  const after = chain.find((sample) => sample.at >= to && sample !== before);
  const covering = [...(before ? [before] : []), ...inside, ...(after ? [after] : [])];
  const edges = [before?.at ?? Math.min(from, heldFrom), ...inside.map((sample) => sample.at), after?.at ?? Math.max(to, before?.at ?? to)];
  return {
    chain,
    covering,
    // Two samples for one place void the minutes of both.
    isContradicted: ordered.some(
      (each) => each.contradiction && ((each.at >= from && each.at <= to) || covering.some((held) => isSamePlace(each, held))),
    ),
    gapMs: edges.reduce((widest, at, i) => Math.max(widest, at - (edges[i - 1] ?? at)), 0),
    // What links to a sample before the minute is that minute's matter.
    broken: covering.filter((sample) => sample !== before && !sample.whole).length,
  };
}

function isSamePlace(a: Sample, b: Sample): boolean {
  return a.segment === b.segment && a.index === b.index;
}

function inOrder(samples: readonly Sample[]): Sample[] {
  const sorted = samples.toSorted(
    (a, b) =>
      a.segment - b.segment || a.index - b.index || compare(a.signed.bytes, b.signed.bytes) || a.at - b.at || a.arrivedAt - b.arrivedAt,
  );
  return sorted.filter((sample, i) => {
    const previous = sorted[i - 1];
    return !previous || !isSamePlace(previous, sample) || previous.signed.bytes !== sample.signed.bytes;
  });
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

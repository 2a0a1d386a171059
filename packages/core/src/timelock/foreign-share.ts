// The share of a slice's CPU that was neither the tenant's nor ours, from the signed totals of the samples that cover a minute.
import type { Sample } from '../rows.ts';
import type { Coverage } from './coverage.ts';

/** Below this, a share says nothing: counters move in steps. Where samples allow, shares are taken over at least the second. */
const spanLeastMs = 3_000;
const spanWantedMs = 10_000;

export type ForeignShare =
  /** Nothing to say: no evidence, or so little time that the chain alone decides. */
  | { readonly kind: 'not-judged' }
  /** Too much of the minute is not spanned by two samples of one segment, or a sample carries no accounting. */
  | { readonly kind: 'unmeasured'; readonly spanMs: number }
  /** A counter went back. */
  | { readonly kind: 'contradiction' }
  | { readonly kind: 'measured'; readonly foreignMs: number; readonly spanMs: number };

/**
 * Totals are compared within a segment only: a restarted worker counts its tenant anew. At least half of a minute must be spanned so, else
 * restarts would hide any load; a piece no longer than `pieceMs` is excused, for one sample covers it. A span below 10 s reaches back to older
 * samples of its segment; so a short last minute takes the share of the span before it.
 */
export function foreignShare({ chain, covering }: Coverage, minuteMs: number, pieceMs: number): ForeignShare {
  if (covering.length === 0) return { kind: 'not-judged' };
  if (covering.some((sample) => sample.method === 'none')) return { kind: 'unmeasured', spanMs: 0 };
  const spans = [...new Set(covering.map((sample) => sample.segment))].map((segment) =>
    covering.filter((sample) => sample.segment === segment),
  );
  const spannedMs = elapsed(spans);
  const judged = spannedMs < spanWantedMs ? [...spans.slice(0, -1), reachBack(chain, spans.at(-1) ?? [])] : spans;
  if (judged.some(goesBack)) return { kind: 'contradiction' };
  if (minuteMs > pieceMs && spannedMs * 2 < minuteMs) return { kind: 'unmeasured', spanMs: spannedMs };
  const spanMs = elapsed(judged);
  if (spanMs < spanLeastMs) return { kind: 'not-judged' };
  return { kind: 'measured', spanMs, foreignMs: judged.reduce((sum, span) => sum + foreignOf(span), 0) };
}

function elapsed(spans: readonly (readonly Sample[])[]): number {
  return spans.reduce((sum, span) => sum + moved(span, 'monoMs'), 0);
}

function moved(span: readonly Sample[], counter: 'monoMs' | 'busyMs' | 'tenantMs' | 'ownMs'): number {
  const [first, last] = [span[0], span.at(-1)];
  return first && last ? last[counter] - first[counter] : 0;
}

/** Clamped: sources are read one after the other, so what is nobody's may come out a little below zero. */
function foreignOf(span: readonly Sample[]): number {
  return Math.max(0, moved(span, 'busyMs') - moved(span, 'tenantMs') - moved(span, 'ownMs'));
}

function goesBack(span: readonly Sample[]): boolean {
  return span.some((sample, i) => {
    const previous = span[i - 1];
    if (!previous) return false;
    const { monoMs, busyMs, tenantMs, ownMs } = previous;
    return sample.monoMs < monoMs || sample.busyMs < busyMs || sample.tenantMs < tenantMs || sample.ownMs < ownMs;
  });
}

function reachBack(chain: readonly Sample[], span: readonly Sample[]): readonly Sample[] {
  const last = span.at(-1);
  if (!last) return span;
  const upTo = chain.filter((sample) => sample.segment === last.segment && sample.index <= last.index && sample.method !== 'none');
  const enough = upTo.findLastIndex((sample) => last.monoMs - sample.monoMs >= spanWantedMs);
  return upTo.slice(Math.max(0, enough));
}

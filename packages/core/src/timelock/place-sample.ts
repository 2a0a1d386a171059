// Puts a signed sample into its place: continues the chain or not, and gets a date on control's clock from what bounds it.
import type { Instant, SignedSnapshot, Snapshot } from '@iog/protocol';
import type { ChainHead, Sample } from '../rows.ts';

export interface Arrival {
  readonly snapshot: Snapshot;
  readonly signed: SignedSnapshot;
  /** SHA-256 of the snapshot's bytes. */
  readonly hash: string;
  readonly arrivedAt: Instant;
  /** When the pulse that it names was sent; undefined for none, or one that is not ours. */
  readonly pulseSentAt: Instant | undefined;
  readonly chain: ChainHead | null;
}

/** `known`: held already. `ignored`: of the past. `contradiction`: another sample has this place. `placed`: the chain goes on from it. */
export type Placed =
  | { readonly kind: 'known' | 'ignored' }
  | { readonly kind: 'contradiction'; readonly sample: Sample }
  | { readonly kind: 'placed'; readonly sample: Sample; readonly chain: ChainHead };

/**
 * Judges one sample against the chain that is held. A hole or a wrong link is placed too, but not `whole`: the minutes that it touches
 * are not proven, and the chain goes on from it. A restarted worker opens a new segment; how long it was away, the verdict judges.
 */
export function placeSample({ snapshot, signed, hash, arrivedAt, pulseSentAt, chain }: Arrival): Placed {
  const { segment, index, monoMs } = snapshot;
  const isSamePlace = chain !== null && chain.segment === segment && chain.index === index;
  if (isSamePlace && chain.hash === hash) return { kind: 'known' };
  const isPast = chain !== null && (segment < chain.segment || (segment === chain.segment && index < chain.index));
  if (isPast) return { kind: 'ignored' };

  const isNewSegment = chain === null || segment > chain.segment;
  // The least that arrival lags behind the device's own clock: a sample cannot have arrived before it was taken.
  const lag = arrivedAt - monoMs;
  const offsetMs = isNewSegment ? lag : Math.min(chain.offsetMs, lag);
  // Not earlier than the pulse that it names, not later than it arrived, never before the one before it.
  const at = Math.max(chain?.at ?? 0, Math.min(arrivedAt, Math.max(pulseSentAt ?? 0, monoMs + offsetMs)));
  const follows = isNewSegment
    ? index === 0 && snapshot.prev === ''
    : index === chain.index + 1 && snapshot.prev === chain.hash && monoMs >= chain.monoMs;
  const { busyMs, tenantMs, ownMs, method, closing } = snapshot;
  const sample: Sample = { signed, arrivedAt, at, segment, index, monoMs, busyMs, tenantMs, ownMs, method, whole: follows, closing };
  if (isSamePlace) return { kind: 'contradiction', sample: { ...sample, whole: false, contradiction: true } };
  return { kind: 'placed', sample, chain: { segment, index, hash, monoMs, at, offsetMs, closing } };
}

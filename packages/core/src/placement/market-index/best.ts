// The best devices of those that are offered one after the other, best first: as many as a group can need, by the order of `byPreference`.

export interface Best {
  offer(at: number, rateMicro: number): void;
  /** What costs more is not taken any more. */
  worst: number;
  /** Best first. */
  readonly taken: readonly number[];
}

/**
 * `before`: of two devices at the same rate, whether the first is preferred. `supplierOf`: at most one device of each supplier is taken, its best.
 */
export function best(most: number, before: (a: number, b: number) => boolean, supplierOf?: Uint32Array): Best {
  const taken: number[] = [];
  const rates: number[] = [];
  const isAhead = (rateA: number, a: number, rateB: number, b: number): boolean => rateA < rateB || (rateA === rateB && before(a, b));
  /** Where it is taken out to make room; -1: nowhere, it is not good enough. */
  const gap = (at: number, rateMicro: number): number => {
    const same = supplierOf ? taken.findIndex((other) => supplierOf[other] === supplierOf[at]) : -1;
    const out = same >= 0 ? same : taken.length < most ? taken.length : most - 1;
    return out === taken.length || isAhead(rateMicro, at, rates[out] as number, taken[out] as number) ? out : -1;
  };
  const self: Best = {
    worst: Number.POSITIVE_INFINITY,
    taken,
    offer(at, rateMicro) {
      let place = gap(at, rateMicro);
      if (place < 0) return;
      for (; place > 0 && isAhead(rateMicro, at, rates[place - 1] as number, taken[place - 1] as number); place--) {
        taken[place] = taken[place - 1] as number;
        rates[place] = rates[place - 1] as number;
      }
      taken[place] = at;
      rates[place] = rateMicro;
      if (taken.length === most) self.worst = rates[most - 1] as number;
    },
  };
  return self;
}

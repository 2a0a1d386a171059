// How long the end of a lease is told: until control has acknowledged its closing sample, at most ten minutes.
import type { Clock } from '../ports.ts';

const tellForMs = 600_000;
const leastReports = 3;

export class EndTold {
  readonly #clock: Clock;
  #sinceMs = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reset(): void {
    this.#count = 0;
  }

  /** Counts one report. True when it need not be told again. `isKnown`: nothing of the lease waits for an acknowledgement. */
  report(isKnown: boolean): boolean {
    const nowMs = this.#clock.monoMs();
    if (this.#count === 0) this.#sinceMs = nowMs;
    this.#count += 1;
    return nowMs - this.#sinceMs > tellForMs || (isKnown && this.#count > leastReports);
  }
}

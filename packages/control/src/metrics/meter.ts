// What control counts and times of itself: every figure by its name, in one table. No label holds an id, so that their number is bounded.

interface Figure {
  readonly help: string;
  readonly labels: readonly string[];
}

export const counters = {
  rejections: { help: 'Requests that were refused, by the code of the problem', labels: ['code'] },
  stale: { help: 'Commits refused because a row had changed: each is decided again', labels: [] },
  store_faults: { help: 'Commits that the store failed at, by the code of the fault', labels: ['code'] },
  entries: { help: 'Ledger entries written, by kind', labels: ['kind'] },
  sessions_opened: { help: 'Sessions of devices that were opened', labels: [] },
  session_queue_full: { help: 'Sessions that were cut because too many of their messages waited', labels: [] },
  session_flooded: { help: 'Sessions that were ended because their device said more than it may', labels: [] },
  hellos_put_off: { help: 'Devices and links that were told to come back later', labels: [] },
  beats: { help: 'Beats of workers', labels: [] },
  evidence_samples: { help: 'Samples of evidence that came', labels: [] },
  pulses_sent: { help: 'Pulses sent', labels: [] },
  pulses_missed: { help: 'Pulses that were not answered in time', labels: [] },
  loop_failures: { help: 'Steps of loops that failed and are tried again', labels: ['loop'] },
} as const satisfies Record<string, Figure>;

export const timings = {
  request: { help: 'Requests answered: the time from their head to the end of the answer', labels: ['route', 'status'] },
  commit: { help: 'Commits: the time until they are durable or refused', labels: ['outcome'] },
  loop_step: { help: 'Steps of loops: the time that they take', labels: ['loop'] },
  loop_lag: { help: 'Steps of loops: how late they begin after their time, or after what woke them', labels: ['loop'] },
} as const satisfies Record<string, Figure>;

export type CounterName = keyof typeof counters;
export type TimingName = keyof typeof timings;
type Labels<L extends readonly string[]> = Readonly<Record<L[number], string>>;

export interface Meter {
  count<N extends CounterName>(name: N, labels: Labels<(typeof counters)[N]['labels']>, by?: number): void;
  time<N extends TimingName>(name: N, labels: Labels<(typeof timings)[N]['labels']>, ms: number): void;
}

/** For a control that nobody looks at: simulations and tests. */
export const silentMeter: Meter = { count: () => undefined, time: () => undefined };

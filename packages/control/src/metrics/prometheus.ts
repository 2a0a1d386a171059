// The meter that Prometheus reads: counters and histograms of the table, gauges asked when somebody looks, and what Node says of its process.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { type CounterName, type Meter, type TimingName, counters, timings } from './meter.ts';

export interface PrometheusMeter extends Meter {
  /** A figure that is asked for at each look: by its labels' values, or one without. */
  gauge(name: string, help: string, ask: () => number): void;
  gaugeBy(name: string, help: string, label: string, ask: () => Promise<Readonly<Record<string, number>>>): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** From half a millisecond (a read) to ten seconds (a store that has to be waited for). */
const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own: two controls of one process do not count into each other's. */
export function prometheusMeter(): PrometheusMeter {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const counted = new Map(
    Object.entries(counters).map(([name, { help, labels }]) => [
      name as CounterName,
      new Counter({ name: `iog_${name}_total`, help, labelNames: [...labels] as string[], registers }),
    ]),
  );
  const timed = new Map(
    Object.entries(timings).map(([name, { help, labels }]) => [
      name as TimingName,
      new Histogram({ name: `iog_${name}_seconds`, help, labelNames: [...labels] as string[], buckets: secondsBuckets, registers }),
    ]),
  );
  return {
    count: (name, labels, by = 1) => counted.get(name)?.inc(labels, by),
    time: (name, labels, ms) => timed.get(name)?.observe(labels, ms / 1_000),
    gauge(name, help, ask) {
      void new Gauge({
        name: `iog_${name}`,
        help,
        registers,
        collect() {
          this.set(ask());
        },
      });
    },
    gaugeBy(name, help, label, ask) {
      void new Gauge({
        name: `iog_${name}`,
        help,
        labelNames: [label],
        registers,
        async collect() {
          const found = await ask();
          this.reset();
          for (const [value, count] of Object.entries(found)) this.set({ [label]: value }, count);
        },
      });
    },
    contentType: register.contentType,
    text: () => register.metrics(),
  };
}

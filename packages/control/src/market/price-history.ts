// What the sweep over all devices comes to: the market by class and region as of its last end, and a sample of each class every hour.
import { type DeviceRow, type PriceRow, type Survey, survey } from '@iog/core';
import { type MarketLine, type PriceSample, hourMs } from '@iog/protocol';
import { type ControlPorts, change } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { answer } from '../command.ts';
import { pageOf } from '../paging.ts';

const dayMs = 24 * hourMs;
const classesAtOnce = 50;
const mostClasses = 1_000;
const pageLines = 100;
const samplesOfDay = 24;

export interface MarketSurvey {
  take(device: DeviceRow): void;
  /** All devices have been seen once more. */
  end(): Promise<void>;
  lines(): readonly MarketLine[];
}

export function marketSurvey(ports: Pick<ControlPorts, 'store' | 'clock' | 'live' | 'policy'>): MarketSurvey {
  let running: Survey = survey();
  let latest: readonly MarketLine[] = [];
  let sampledHour = -1;
  return {
    take(device) {
      if (device.state !== 'removed') running.add(device, ports.live.isConnected(device.id), ports.clock.now(), ports.policy);
    },
    async end() {
      const [ended, at] = [running, ports.clock.now()];
      running = survey();
      latest = ended.lines(at);
      const hour = Math.floor(at / hourMs);
      if (hour === sampledHour) return;
      const classes = ended.classes(at).slice(0, mostClasses);
      // The first look after a start may come before any device does: the hour is still to be sampled.
      if (classes.length === 0) return;
      for (let from = 0; from < classes.length; from += classesAtOnce) await keep(ports, classes.slice(from, from + classesAtOnce), at);
      sampledHour = hour;
    },
    lines: () => latest,
  };
}

/** Where several replicas sweep, the first sample of an hour stays. */
function keep(
  ports: Pick<ControlPorts, 'store'>,
  classes: readonly { readonly class: string; readonly sample: PriceSample }[],
  at: number,
) {
  const day = at - (at % dayMs);
  const idOf = (name: string): string => `${name}/${new Date(day).toISOString().slice(0, 10)}`;
  return change<void>(ports, async (read) => {
    const rows = new Map(
      (
        await read.many(
          'price',
          classes.map((each) => idOf(each.class)),
        )
      ).map((row) => [row.class, row]),
    );
    const writes = classes.flatMap(({ class: name, sample }): PriceRow[] => {
      const samples = rows.get(name)?.samples ?? [];
      if (samples.some((each) => Math.floor(each.at / hourMs) === Math.floor(at / hourMs))) return [];
      return [{ kind: 'price', id: idOf(name), class: name, day, samples: [...samples, sample] }];
    });
    return { writes, value: undefined };
  });
}

export function priceHandlers(ports: ControlPorts, seen: MarketSurvey): Pick<Handlers, 'market.list' | 'price.list'> {
  return {
    'market.list': ({ query: { class: name, region, after = '', limit = pageLines } }) => {
      const wanted = seen
        .lines()
        .filter((line) => (name === undefined || line.class === name) && (region === undefined || line.region === region));
      const rest = wanted.filter((line) => placeOf(line) > after);
      const items = rest.slice(0, limit);
      const last = rest.length > limit ? items.at(-1) : undefined;
      return Promise.resolve(answer({ items, next: last ? placeOf(last) : null }));
    },
    'price.list': async ({ query: { class: name, from = 0, to, limit = pageLines, after } }) => {
      const listed = { kind: 'price', index: 'class', equals: name, ...(to === undefined ? {} : { atMost: to }) } as const;
      const page = {
        limit: Math.max(1, Math.floor(limit / samplesOfDay)),
        // Days are places by their number: the one before the first that is asked for.
        after: after ?? `~${JSON.stringify([from - (from % dayMs) - 1, ''])}`,
      };
      const isAsked = ({ at }: PriceSample): boolean => at >= from && (to === undefined || at < to);
      return answer(await pageOf(ports.store, listed, page, ({ samples }) => samples.filter(isAsked)));
    },
  };
}

function placeOf({ class: name, region }: MarketLine): string {
  return `${name}\n${region}`;
}

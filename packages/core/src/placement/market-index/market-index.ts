// The market index: all devices of the network in columns, so that a demand is searched among a million of them in milliseconds.
// A hint: who commits looks at the rows. The same devices give the same answers, in whatever order they came in.
import type { Demand, Instant, Policy, Relaxed } from '@iog/protocol';
import type { DeviceRow } from '../../rows.ts';
import { bytesOf, columns } from './columns.ts';
import { type Liveness, putDevice, removeDevice, setLiveness } from './feed.ts';
import { relax } from './relax.ts';
import { type Found, bench, search } from './search.ts';

export interface MarketIndex {
  readonly size: number;
  /** Bytes of its arrays. */
  readonly bytes: number;
  /** A device comes in, or is now as this row says. */
  put(device: DeviceRow, version: number, live: Liveness): void;
  /** What live state knows has changed; a device that is not in is left out. */
  live(device: string, live: Liveness): void;
  remove(device: string): void;
  /** Of the row that it was last put with. */
  versionOf(device: string): number | undefined;
  /** `spare`: so many more of the best than the demand can need, for whoever finds some of them changed. */
  search(demand: Demand, now: Instant, spare?: number): Found;
  /** Of a demand that nothing answers: what would, were one thing of it left out or less. */
  relax(demand: Demand, found: Found, now: Instant): Relaxed[];
}

export function marketIndex(policy: Policy): MarketIndex {
  const all = columns();
  const held = bench();
  return {
    get size() {
      return all.numbers.count;
    },
    get bytes() {
      return bytesOf(all);
    },
    put: (device, version, live) => putDevice(all, device, version, live, policy),
    live: (device, live) => setLiveness(all, device, live),
    remove: (device) => removeDevice(all, device),
    versionOf(device) {
      const at = all.numbers.find(device);
      return at === undefined ? undefined : all.by.version[at];
    },
    search: (demand, now, spare) => search(all, demand, now, held, spare),
    relax: (demand, { counts }, now) => relax(all, demand, counts, now, held),
  };
}

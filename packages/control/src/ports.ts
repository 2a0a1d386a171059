// What control stands on: store, time, randomness, the network's key, live state. Nothing else of the outside reaches its decisions.
import { type Currency, type IdPrefix, type Instant, type Policy, makeId, type Id } from '@iog/protocol';
import type { CapacityDemand, RowMap } from '@iog/core';
import type { Store } from './store/store.ts';
import { type Reading, transact } from './store/decide.ts';
import type { BlobStore } from './blobs/blob-store.ts';
import type { Meter } from './metrics/meter.ts';
import type { Signals } from './signals.ts';
import type { LiveDevices } from './fleet/live-devices.ts';
import type { Replica } from './replica/membership.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [detail: string]: string | number | boolean | undefined;
}
export type Log = (line: LogLine) => void;

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** UTC milliseconds; never goes back, also not over a restart. */
  now(this: void): Instant;
  after(this: void, delayMs: number, run: () => void): Timer;
}

/** How often each loop looks at the rows when nothing wakes it. */
export interface Periods {
  readonly clusterMs: number;
  readonly minuteMs: number;
  readonly housekeepingMs: number;
  readonly replicaMs: number;
  /** A replica that has not renewed its time for so long is taken for dead, and its shards are taken over. */
  readonly replicaLeaseMs: number;
}
export const usualPeriods: Periods = { clusterMs: 500, minuteMs: 1_000, housekeepingMs: 5_000, replicaMs: 2_000, replicaLeaseMs: 15_000 };

export interface NetworkKey {
  readonly publicKey: string;
  sign(domain: string, bytes: Uint8Array): string;
}

export interface ControlPorts {
  readonly name: string;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly periods: Periods;
  readonly random: (bytes: number) => Uint8Array;
  readonly key: NetworkKey;
  readonly policy: Policy;
  readonly policyHash: string;
  readonly currency: Currency;
  readonly signals: Signals;
  readonly live: LiveDevices;
  readonly replica: Replica;
  /** Whether the digests are those of the demand. Takes the time of the work itself, off the main thread; rejects where there is no room for it. */
  readonly verifyCapacity: (demand: CapacityDemand, digests: readonly string[]) => Promise<boolean>;
  readonly log: Log;
  readonly meter: Meter;
}

export type Read = Reading<RowMap>;

/** A fresh id of one kind, dated now. */
export function newId<P extends IdPrefix>({ clock, random }: Pick<ControlPorts, 'clock' | 'random'>, prefix: P): Id<P> {
  return makeId(prefix, clock.now(), random(16));
}

/** Load, decide, commit; stale reads decide again (DESIGN §3). */
export function change<T>(ports: Pick<ControlPorts, 'store'>, work: Parameters<typeof transact<RowMap, T>>[1]): Promise<T> {
  return transact<RowMap, T>(ports.store, work);
}

// The evidence of one lease while its node runs: a sample at once, then one every interval, a closing one at the end.
import type { LeaseId } from '@iog/protocol';
import type { CoreCounters } from '../evidence/counters.ts';
import type { Sampler } from '../evidence/sampler.ts';
import type { Place } from '../evidence/spool.ts';
import { saying, type Clock, type Log, type Timer } from '../ports.ts';

/** The CPU time of whoever rents: the part of a running node that accounting needs. */
export interface Tenant {
  tenantCpuMs(): number | Promise<number>;
}

export interface SamplingPorts {
  readonly counters: CoreCounters;
  /** CPU time of our own processes on this host. */
  readonly ownMs: () => number;
  readonly sampler: Sampler;
  readonly everyMs: () => number;
  readonly taken: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export class Sampling {
  readonly #lease: LeaseId;
  readonly #cores: readonly number[];
  readonly #ports: SamplingPorts;
  #tenant: Tenant | undefined;
  #timer: Timer | undefined;
  /** Of nodes of this lease that are gone: the lease's time is cumulative over them. */
  #baseMs = 0;
  #tenantMs = 0;
  #queue: Promise<void> = Promise.resolve();
  #paused = '';
  #isEnded = false;

  constructor(lease: LeaseId, cores: readonly number[], ports: SamplingPorts) {
    this.#lease = lease;
    this.#cores = cores;
    this.#ports = ports;
  }

  /** Why no samples are taken at present; '' while they are. */
  get paused(): string {
    return this.#paused;
  }

  begin(tenant: Tenant): void {
    this.#baseMs = this.#tenantMs;
    this.#tenant = tenant;
    this.#tick();
  }

  /** One sample now. A fault of the disk pauses sampling until a later one succeeds; it never throws. */
  sample(): Promise<Place | undefined> {
    return this.#take(false);
  }

  /** The node is gone; its last known time stays in the sum. */
  pause(): void {
    this.#timer?.cancel();
    this.#tenant = undefined;
    this.#baseMs = this.#tenantMs;
  }

  /** The last sample of the lease, or undefined where the disk cannot take it now. */
  async close(): Promise<Place | undefined> {
    this.pause();
    const place = await this.#take(true);
    this.#isEnded = place !== undefined;
    return place;
  }

  /** Reads the tenant's time for the last time, before the node is stopped. */
  async readTenant(): Promise<void> {
    if (this.#tenant === undefined) return;
    try {
      this.#tenantMs = Math.max(this.#tenantMs, this.#baseMs + (await this.#tenant.tenantCpuMs()));
    } catch {
      // The node is gone already: the last reading stands.
    }
  }

  #tick(): void {
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.after(this.#ports.everyMs(), () => this.#tick());
    void this.#take(false);
  }

  #take(closing: boolean): Promise<Place | undefined> {
    const taken = this.#queue.then(() => this.#takeNow(closing));
    this.#queue = taken.then(() => undefined);
    return taken;
  }

  async #takeNow(closing: boolean): Promise<Place | undefined> {
    if (this.#isEnded) return undefined;
    await this.readTenant();
    const { counters, ownMs, sampler, taken, log } = this.#ports;
    try {
      const { method } = counters;
      const place = sampler.take({ busyMs: counters.busyMs(this.#cores), tenantMs: this.#tenantMs, ownMs: ownMs(), method }, closing);
      this.#paused = '';
      taken();
      return place;
    } catch (error) {
      if (this.#paused === '') log({ level: 'error', event: 'evidence.paused', lease: this.#lease, error: saying(error) });
      this.#paused = `evidence is paused: ${saying(error)}`;
      taken();
      return undefined;
    }
  }
}

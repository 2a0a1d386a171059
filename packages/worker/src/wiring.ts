// Which part of the worker hears which: session, reconciler, evidence, capacity. For startWorker only.
import { join } from 'node:path';
import { isId, type DeviceId, type LeaseId } from '@iog/protocol';
import { canonical, sign } from '@iog/seal';
import { capacityObjection } from './capacity.ts';
import { jsonIn, type Disk } from './disk.ts';
import type { Host } from './host.ts';
import { sampler, type Sampler } from './evidence/sampler.ts';
import { EvidenceSender } from './evidence/sender.ts';
import { openSpool, type Spool } from './evidence/spool.ts';
import type { Http } from './http.ts';
import type { DeviceKeys } from './identity/identity.ts';
import { openJobRecords } from './job/job-record.ts';
import { Jobs } from './job/jobs.ts';
import type { RayJobs } from './job/ray.ts';
import type { LeasePorts } from './lease/lease-node.ts';
import { openRecords } from './lease/record.ts';
import { Sampling } from './lease/sampling.ts';
import { pause, saying, type Clock, type Log, type Random } from './ports.ts';
import { Reconciler } from './reconcile.ts';
import type { RunningNode, Runtime } from './lease/runtime-port.ts';
import { Session, type CapacityQuestion, type SessionOptions } from './session/session.ts';
import type { Wire } from './session/wire.ts';

const defaultSampleEveryMs = 10_000;
const leastSampleEveryMs = 200;
const mostSampleEveryMs = 600_000;
const lastWordsWithinMs = 2_000;
const lastWordsPollMs = 50;

export interface WiringPorts {
  readonly dir: string;
  readonly url: string;
  readonly device: DeviceId;
  readonly network: string;
  readonly keys: DeviceKeys;
  readonly http: Http;
  readonly runtime: Runtime;
  /** The jobs of a head's Ray. */
  readonly ray: (node: RunningNode, rayToken: string) => RayJobs;
  readonly host: Host;
  readonly disk: Disk;
  readonly refused: (code: string, detail: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly wire: Wire;
  readonly log: Log;
}

export class Wiring {
  readonly #ports: WiringPorts;
  readonly #spool: Spool;
  readonly #session: Session;
  readonly #sender: EvidenceSender;
  readonly #reconciler: Reconciler;
  readonly #segment: number;
  /** One chain of each lease for the whole segment: an index is never used twice. */
  readonly #samplers = new Map<LeaseId, Sampler>();
  readonly #stopping = new AbortController();
  #sampleEveryMs = defaultSampleEveryMs;
  #isAnswering = false;

  constructor(ports: WiringPorts) {
    this.#ports = ports;
    this.#segment = nextSegment(ports);
    this.#spool = openSpool(join(ports.dir, 'spool'), ports.disk);
    const records = openRecords(join(ports.dir, 'leases'), ports.disk);
    this.#reconciler = new Reconciler({
      lease: { ...this.#leasePorts(), save: (record) => records.save(record) },
      load: () => records.load(),
      forgotten: (lease) => this.#spool.drop(lease),
    });
    this.#session = new Session(this.#sessionOptions());
    this.#sender = new EvidenceSender(this.#spool, this.#session, ports.clock);
  }

  async start(): Promise<void> {
    await this.#reconciler.restore();
    this.#session.start();
  }

  get connected(): boolean {
    return this.#session.connected;
  }

  /** Where the tunnel of a lease that runs here leads, and the key that its renter must have. */
  tunnelOf(
    lease: string,
  ): { readonly tunnelKeyHex: string; readonly ports: { readonly dashboard: number; readonly gcs: number } } | undefined {
    const held = isId('lea', lease) ? this.#reconciler.node(lease) : undefined;
    const { node, secrets } = held ?? {};
    if (node === undefined || secrets === undefined) return undefined;
    return { tunnelKeyHex: secrets.tunnelKeyHex, ports: { dashboard: node.ports.dashboard, gcs: node.ports.gcs } };
  }

  async stop(keepNodes: boolean): Promise<void> {
    this.#stopping.abort();
    await this.#reconciler.letGo(keepNodes);
    if (!keepNodes) await this.#lastWords();
    this.#session.stop();
  }

  /** The ends of the leases are told, and their closing samples acknowledged, where control hears us. */
  async #lastWords(): Promise<void> {
    const { clock } = this.#ports;
    this.#session.beatNow();
    const untilMs = clock.monoMs() + lastWordsWithinMs;
    const isOpen = (): boolean => this.#spool.leases().some((lease) => this.#spool.closing(lease) !== undefined);
    while (this.#session.connected && clock.monoMs() < untilMs && isOpen()) await pause(clock, lastWordsPollMs);
  }

  #leasePorts(): Omit<LeasePorts, 'save'> {
    const { runtime, keys, clock, log, http, dir, disk, ray } = this.#ports;
    const jobRecords = openJobRecords(join(dir, 'jobs'), disk);
    const changed = (): void => this.#session.changed();
    return {
      runtime,
      keys,
      clock,
      log,
      changed,
      sampling: (lease, cores) => this.#sampling(lease, cores),
      jobs: (node, { renterRecipient, clusterRecipient }, { ageIdentity, rayToken }) => {
        const recipients = [renterRecipient, clusterRecipient];
        const isReady = (): boolean => node.status().step === 'ready';
        return new Jobs({ ray: ray(node, rayToken), http, records: jobRecords, ageIdentity, recipients, isReady, clock, log, changed });
      },
      sendSealed: (lease, device, sealed) => this.#session.send({ type: 'sealed-for', lease, device, sealed }),
      isAcknowledged: (lease) => this.#spool.closing(lease) === undefined,
    };
  }

  #sampling(lease: LeaseId, cores: readonly number[]): Sampling {
    const { host, clock, log } = this.#ports;
    return new Sampling(lease, cores, {
      counters: host.counters,
      ownMs: () => host.ownMs(this.#reconciler.tenantPids()),
      sampler: this.#samplerOf(lease),
      everyMs: () => this.#sampleEveryMs,
      taken: () => this.#sender.flush(),
      clock,
      log,
    });
  }

  #samplerOf(lease: LeaseId): Sampler {
    const known = this.#samplers.get(lease);
    if (known !== undefined) return known;
    const { device, keys, clock } = this.#ports;
    const made = sampler(lease, {
      device,
      segment: this.#segment,
      spool: this.#spool,
      sign: (domain, bytes) => sign(keys.secretKey, domain, bytes),
      monoMs: () => clock.monoMs(),
      pulse: () => this.#session.pulse,
    });
    this.#samplers.set(lease, made);
    return made;
  }

  #sessionOptions(): SessionOptions {
    const { url, device, network, keys, host, refused, clock, random, wire, log } = this.#ports;
    return {
      url,
      device,
      network,
      bootId: host.bootId,
      sign: (domain, value) => sign(keys.secretKey, domain, canonical(value)),
      observe: () => {
        this.#sender.flush();
        return this.#reconciler.observe();
      },
      welcomed: ({ sampleEveryMs }) => {
        this.#sampleEveryMs = Math.min(mostSampleEveryMs, Math.max(leastSampleEveryMs, sampleEveryMs));
        this.#sender.reset();
      },
      assigned: (assignments, trace) => {
        // The request that this comes from, in control's log under the same name.
        if (trace !== undefined) log({ level: 'info', event: 'assignments.taken', request: trace, leases: assignments.length });
        this.#reconciler.assign(assignments);
      },
      acknowledged: ({ lease, segment, index }) => this.#sender.acknowledged(lease, { segment, index }),
      demanded: (question) => void this.#answer(question),
      refused,
      clock,
      random,
      wire,
      log,
    };
  }

  /** One demand at a time: two at once would spoil each other's time. */
  async #answer(question: CapacityQuestion): Promise<void> {
    const { host, log } = this.#ports;
    const objection = this.#isAnswering ? 'another demand is being answered' : capacityObjection(question);
    if (objection !== undefined) return log({ level: 'warn', event: 'capacity.refused', detail: objection });
    this.#isAnswering = true;
    try {
      const digests = await host.work(question, this.#stopping.signal);
      this.#session.send({ type: 'capacity-answer', id: question.id, digests: [...digests] });
    } catch (error) {
      log({ level: 'warn', event: 'capacity.failed', detail: saying(error) });
    } finally {
      this.#isAnswering = false;
    }
  }
}

/** Counts the worker's starts, so that each has a chain of its own. On disk before the first sample. */
function nextSegment({ dir, disk, clock }: WiringPorts): number {
  const path = join(dir, 'segment.json');
  const found = jsonIn(disk, path);
  // A count that cannot be read any more is passed by far: minutes since 1970 are more than any number of starts.
  const segment =
    found === undefined ? 0 : typeof found === 'number' && Number.isSafeInteger(found) ? found + 1 : Math.floor(clock.nowMs() / 60_000);
  disk.replace(path, JSON.stringify(segment));
  return segment;
}

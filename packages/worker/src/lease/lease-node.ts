// One lease on this device: brings what runs to what control wants, one idempotent step at a time, and says what it sees.
import type { Assignment, LeaseId, NodeStep, ObservedLease } from '@iog/protocol';
import type { ClusterSecrets } from '@iog/seal';
import type { DeviceKeys } from '../identity/identity.ts';
import type { Jobs } from '../job/jobs.ts';
import { saying, type Clock, type Timer } from '../ports.ts';
import type { NodePorts, RunningNode, Runtime } from './runtime-port.ts';
import { EndTold } from './end-told.ts';
import { isNewer, newRecord, type LeaseRecord } from './record.ts';
import { Sealing, openSecrets, type SealingPorts } from './sealing.ts';
import type { Sampling } from './sampling.ts';

const retryMs = 1_000;

export interface LeasePorts extends SealingPorts {
  readonly runtime: Runtime;
  readonly keys: Pick<DeviceKeys, 'ageIdentity'>;
  readonly clock: Clock;
  readonly save: (record: LeaseRecord) => void;
  readonly sampling: (lease: LeaseId, cores: readonly number[]) => Sampling;
  readonly jobs: (node: RunningNode, assignment: Assignment, secrets: ClusterSecrets) => Jobs;
  readonly isAcknowledged: (lease: LeaseId) => boolean;
  readonly changed: () => void;
}

export class LeaseNode {
  readonly #ports: LeasePorts;
  #record: LeaseRecord;
  #saved = '';
  /** Undefined until control has spoken since this start: before, nothing is stopped and nothing started. */
  #want: Assignment | null | undefined;
  #node: RunningNode | undefined;
  #offNode: () => void = () => undefined;
  #nodePorts: NodePorts | undefined;
  #secrets: ClusterSecrets | undefined;
  #sampling: Sampling | undefined;
  #jobs: Jobs | undefined;
  #step: NodeStep = 'assigned';
  #detail = '';
  #rayNodeId: string | null = null;
  readonly #sealing: Sealing;
  readonly #endTold: EndTold;
  #turning: Promise<void> | undefined;
  #isDirty = false;
  #retry: Timer | undefined;
  #isLetGo = false;

  constructor(record: LeaseRecord, ports: LeasePorts) {
    this.#record = record;
    this.#ports = ports;
    this.#sealing = new Sealing(ports);
    this.#endTold = new EndTold(ports.clock);
    if (record.stopped) this.#step = 'stopped';
  }

  get lease(): LeaseId {
    return this.#record.lease;
  }

  get record(): LeaseRecord {
    return this.#record;
  }
  get secrets(): ClusterSecrets | undefined {
    return this.#secrets;
  }
  get node(): RunningNode | undefined {
    return this.#node;
  }

  /** A node that outlived the worker before this one: its evidence goes on at once. */
  adopt(node: RunningNode): void {
    this.#attach(node);
    this.#sample(node);
  }

  /** The worker before this one had begun a node here, and there is none. */
  lost(): void {
    this.#report('failed', 'the node did not outlive its worker');
  }

  /** What control wants of this lease; null: that nothing of it runs. A word of an older generation changes nothing. */
  want(assignment: Assignment | null): void {
    if (assignment !== null && isNewer(this.#record, assignment)) {
      const { generation: needs } = this.#record;
      return this.#ports.log({ level: 'warn', event: 'assignment.stale', lease: this.lease, has: assignment.generation, needs });
    }
    this.#want = assignment;
    this.#turn();
  }

  async settled(): Promise<void> {
    while (this.#turning !== undefined) await this.#turning;
  }

  observed(): ObservedLease | undefined {
    const { lease, generation, incarnation, address, closing, forgotten } = this.#record;
    if (forgotten) return undefined;
    if (this.#step === 'stopped') this.#tellEnd();
    const detail = [this.#detail, this.#sampling?.paused ?? ''].filter((text) => text !== '').join('; ');
    const jobs = this.#jobs?.observed() ?? [];
    const idleMs = Math.min(1_000_000_000, this.#jobs?.idleMs() ?? 0);
    return { lease, generation, incarnation, step: this.#step, detail, address, rayNodeId: this.#rayNodeId, jobs, closing, idleMs };
  }

  /** The worker stops. `keepNode`: the node goes on under its keeper, for the next start. */
  async letGo(keepNode: boolean): Promise<void> {
    if (!keepNode) this.want(null);
    await this.settled();
    this.#isLetGo = true;
    this.#retry?.cancel();
    this.#offNode();
    this.#sampling?.pause();
    await this.#jobs?.abandon();
  }

  #tellEnd(): void {
    const isKnown = this.#record.closing === null ? !this.#record.begun : this.#ports.isAcknowledged(this.lease);
    if (!this.#endTold.report(isKnown) || this.#want !== null) return;
    try {
      this.#keep({ forgotten: true });
    } catch {
      // A full disk: told again until it can be written down.
    }
  }

  #turn(): void {
    this.#isDirty = true;
    this.#turning ??= this.#turns().finally(() => {
      this.#turning = undefined;
    });
  }

  async #turns(): Promise<void> {
    while (this.#isDirty && !this.#isLetGo) {
      this.#isDirty = false;
      try {
        await this.#stepOnce();
      } catch (error) {
        this.#ports.log({ level: 'error', event: 'lease.step-failed', lease: this.lease, error: saying(error) });
        this.#later();
      }
    }
  }

  #later(): void {
    this.#retry?.cancel();
    this.#retry = this.#ports.clock.after(retryMs, () => this.#turn());
  }

  async #stepOnce(): Promise<void> {
    const want = this.#want;
    if (want === undefined) return;
    this.#keep({});
    const isOther = want === null || isNewer(want, this.#record);
    if (isOther && this.#node !== undefined) await this.#stop(this.#node);
    if (want === null) return this.#finish();
    if (isOther) {
      this.#keep(newRecord(want));
      this.#nodePorts = undefined;
      if (this.#step === 'stopped') this.#sampling = undefined;
      this.#endTold.reset();
      this.#report('assigned', '');
    }
    if (this.#record.stopped || this.#step === 'failed' || (this.#record.begun && this.#node === undefined)) return;
    if (!(await this.#openSecrets(want))) return;
    if (this.#node === undefined) return this.#start(want);
    return this.#serve(want, this.#node);
  }

  async #openSecrets({ sealedSecret }: Assignment): Promise<boolean> {
    if (this.#secrets !== undefined) return true;
    if (sealedSecret === null) {
      this.#report('assigned', "waits for the cluster's secret");
      return false;
    }
    try {
      this.#secrets = await openSecrets(this.#ports.keys.ageIdentity, sealedSecret);
      return true;
    } catch {
      this.#report('failed', "the cluster's secret cannot be opened with this device's key");
      return false;
    }
  }

  async #start(want: Assignment): Promise<void> {
    const { lease, role, generation, incarnation, cluster, slice, head } = want;
    const secrets = this.#secrets;
    if (secrets === undefined) return;
    if (role === 'member' && head === null) return this.#report('preparing', "waits for the head's address");
    try {
      this.#nodePorts ??= await this.#ports.runtime.allocatePorts({ lease, role });
      const ports = this.#nodePorts;
      if (role === 'head') {
        this.#keep({ address: { host: ports.host, gcs: ports.gcs, dashboard: ports.dashboard } });
        this.#report('prepared', '');
      }
      const spec = { lease, generation, incarnation, cluster, role, slice, head, rayToken: secrets.rayToken };
      const node = await this.#ports.runtime.start(spec, ports);
      this.#report('starting', '');
      this.#attach(node);
      this.#sample(node);
      this.#keep({ begun: true });
      this.#turn();
    } catch (error) {
      this.#report('failed', saying(error));
    }
  }

  #attach(node: RunningNode): void {
    this.#node = node;
    const off = node.onChange(() => this.#look());
    this.#offNode = typeof off === 'function' ? off : () => undefined;
    this.#look();
  }

  #sample(node: RunningNode): void {
    this.#sampling ??= this.#ports.sampling(this.lease, this.#record.cores);
    this.#sampling.begin(node);
  }

  /** Reads the node's own state: it may have joined, or died by itself. */
  #look(): void {
    const node = this.#node;
    if (node === undefined) return;
    const { step, detail, rayNodeId } = node.status();
    const wasReady = this.#step === 'ready';
    this.#rayNodeId = rayNodeId ?? null;
    if (step === 'failed' || step === 'stopped') return this.#died(node, detail);
    this.#report(step, detail);
    if (step !== 'ready' || wasReady) return;
    void this.#sampling?.sample();
    this.#turn();
  }

  #died(node: RunningNode, detail: string): void {
    this.#node = undefined;
    this.#offNode();
    void this.#sampling?.sample().then(() => this.#sampling?.pause());
    void this.#jobs?.abandon();
    this.#jobs = undefined;
    this.#report('failed', detail === '' ? 'the node ended by itself' : detail);
    void node.stop().catch(() => undefined);
  }

  async #serve(want: Assignment, node: RunningNode): Promise<void> {
    const secrets = this.#secrets;
    if (secrets === undefined) return;
    if (want.role === 'head') {
      this.#jobs ??= this.#ports.jobs(node, want, secrets);
      this.#jobs.want(want.jobs);
    }
    await this.#sealing.give(want.sealFor, secrets);
  }

  async #stop(node: RunningNode): Promise<void> {
    this.#report('stopping', '');
    await this.#jobs?.finish();
    this.#jobs = undefined;
    await this.#sampling?.readTenant();
    this.#offNode();
    await node.stop();
    this.#node = undefined;
    this.#rayNodeId = null;
    this.#sampling?.pause();
    // Between two generations the chain goes on: only the lease's end closes it.
    if (this.#want !== null) await this.#sampling?.sample();
  }

  async #finish(): Promise<void> {
    if (this.#record.stopped) return;
    let { closing } = this.#record;
    if (this.#record.begun && closing === null) {
      this.#sampling ??= this.#ports.sampling(this.lease, this.#record.cores);
      closing = (await this.#sampling.close()) ?? null;
      if (closing === null) this.#later();
    }
    // Nothing runs: that is told at once, also while the disk cannot take the closing sample.
    this.#keep({ closing, stopped: closing !== null || !this.#record.begun });
    this.#secrets = undefined;
    this.#report('stopped', this.#step === 'failed' ? this.#detail : '');
  }

  /** On disk before anything follows from it. */
  #keep(change: Partial<LeaseRecord>): void {
    const next = { ...this.#record, ...change };
    const text = JSON.stringify(next);
    if (text !== this.#saved) this.#ports.save(next);
    this.#saved = text;
    this.#record = next;
  }

  #report(step: NodeStep, detail: string): void {
    if (this.#step === step && this.#detail === detail) return;
    const { log, changed } = this.#ports;
    if (this.#step !== step) log({ level: step === 'failed' ? 'error' : 'info', event: 'lease.step', lease: this.lease, step, detail });
    this.#step = step;
    this.#detail = detail;
    changed();
  }
}

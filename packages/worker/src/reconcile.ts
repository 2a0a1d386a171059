// What control assigned against what runs here: every lease is brought to what is wanted of it; what nobody knows is swept.
import type { Assignment, LeaseId, ObservedLease } from '@iog/protocol';
import { LeaseNode, type LeasePorts } from './lease/lease-node.ts';
import { isNewer, newRecord, type LeaseRecord } from './lease/record.ts';

const mostObserved = 256;

export interface ReconcilerPorts {
  readonly lease: LeasePorts;
  readonly load: () => readonly LeaseRecord[];
  /** Control knows the end of this lease: what was kept for it may go. */
  readonly forgotten: (lease: LeaseId) => void;
}

export class Reconciler {
  readonly #ports: ReconcilerPorts;
  readonly #nodes = new Map<LeaseId, LeaseNode>();
  /** Leases that are over: their generations still bar older assignments. */
  readonly #over = new Map<LeaseId, LeaseRecord>();

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
  }

  /** Takes up what the worker before this one left: its records, and the nodes that outlived it. The rest is swept. */
  async restore(): Promise<void> {
    const { runtime } = this.#ports.lease;
    for (const record of this.#ports.load()) {
      if (record.forgotten) this.#over.set(record.lease, record);
      else this.#nodes.set(record.lease, new LeaseNode(record, this.#ports.lease));
    }
    const kept: LeaseId[] = [];
    for (const running of await runtime.adopt()) {
      const node = this.#nodes.get(running.lease);
      if (node === undefined || node.record.stopped || node.record.generation !== running.generation) continue;
      node.adopt(running);
      kept.push(running.lease);
    }
    await runtime.sweep(kept);
    for (const node of this.#nodes.values()) {
      if (node.record.begun && !node.record.stopped && node.node === undefined && !kept.includes(node.lease)) node.lost();
    }
  }

  /** The whole list of what must run here; a lease that is not in it must not run. */
  assign(assignments: readonly Assignment[]): void {
    const wanted = new Set(assignments.map(({ lease }) => lease));
    for (const [lease, node] of this.#nodes) {
      if (!wanted.has(lease)) node.want(null);
    }
    for (const assignment of assignments) this.#nodeOf(assignment)?.want(assignment);
  }

  observe(): ObservedLease[] {
    const seen: ObservedLease[] = [];
    for (const [lease, node] of this.#nodes) {
      const observed = node.observed();
      if (observed !== undefined) seen.push(observed);
      if (!node.record.forgotten) continue;
      this.#nodes.delete(lease);
      this.#over.set(lease, node.record);
      this.#ports.forgotten(lease);
    }
    // Live ones first, should there be more than a beat can tell.
    return seen.toSorted((a, b) => Number(a.step === 'stopped') - Number(b.step === 'stopped')).slice(0, mostObserved);
  }

  node(lease: LeaseId): LeaseNode | undefined {
    return this.#nodes.get(lease);
  }

  /** The pids below which everything belongs to renters. */
  tenantPids(): Set<number> {
    return new Set([...this.#nodes.values()].flatMap(({ node }) => (node === undefined ? [] : [...node.pids()])));
  }

  settled(): Promise<unknown> {
    return Promise.all([...this.#nodes.values()].map((node) => node.settled()));
  }

  async letGo(keepNodes: boolean): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.letGo(keepNodes)));
  }

  #nodeOf(assignment: Assignment): LeaseNode | undefined {
    const known = this.#nodes.get(assignment.lease);
    if (known !== undefined) return known;
    const over = this.#over.get(assignment.lease);
    if (over !== undefined && !isNewer(assignment, over)) return undefined;
    this.#over.delete(assignment.lease);
    const node = new LeaseNode(over ?? newRecord(assignment), this.#ports.lease);
    this.#nodes.set(assignment.lease, node);
    return node;
  }
}

// RuntimeDouble: a runtime whose nodes are values, told by the test what they become. For tests only.
import assert from 'node:assert/strict';
import type { LeaseId } from '@iog/protocol';
import type { NodeSpec, NodeStatus, RunningNode, Runtime } from '../lease/runtime-port.ts';

export class NodeDouble implements RunningNode {
  readonly lease: LeaseId;
  readonly generation: number;
  readonly ports = { host: '127.0.0.1', gcs: 7001, dashboard: 7002 };
  readonly #hearers = new Set<() => void>();
  #status: NodeStatus = { step: 'starting', detail: '', rayNodeId: null };
  isStopped = false;

  constructor({ lease: id, generation }: NodeSpec) {
    this.lease = id;
    this.generation = generation;
  }

  become(status: NodeStatus): void {
    this.#status = status;
    for (const hear of this.#hearers) hear();
  }

  status(): NodeStatus {
    return this.#status;
  }

  onChange(hear: () => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  tenantCpuMs(): number {
    return 40;
  }

  pids(): number[] {
    return [1];
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return Promise.resolve();
  }
}

export class RuntimeDouble implements Runtime {
  readonly started: NodeDouble[] = [];
  swept: readonly LeaseId[] | undefined;

  allocatePorts(): { host: string; gcs: number; dashboard: number } {
    return { host: '127.0.0.1', gcs: 7001, dashboard: 7002 };
  }

  start(spec: NodeSpec): Promise<RunningNode> {
    assert.ok(!this.started.some((node) => node.lease === spec.lease && !node.isStopped), 'one node of a lease at a time');
    this.started.push(new NodeDouble(spec));
    return Promise.resolve(this.last);
  }

  adopt(): Promise<readonly RunningNode[]> {
    return Promise.resolve(this.started.filter((node) => !node.isStopped));
  }

  sweep(keep: readonly LeaseId[]): Promise<void> {
    this.swept = keep;
    return Promise.resolve();
  }

  get last(): NodeDouble {
    const node = this.started.at(-1);
    assert.ok(node);
    return node;
  }
}

// A simulated host: its cores, who uses them, the nodes that run on it beside its worker, and the Ray of each head.
import { createHash } from 'node:crypto';
import type { LeaseId } from '@iog/protocol';
import type { Host, NodePorts, NodeSpec, NodeStatus, RunningNode, Runtime } from '@iog/worker/sim';
import { Died, type Proc, never } from '../engine/proc.ts';
import type { World } from '../engine/world.ts';
import { SimRay } from './ray.ts';

/** How long a node outlives its worker. */
const keeperMs = 20_000;

export interface HostFaults {
  /** Share of each core that somebody else uses. */
  foreign: number;
  /** The next starts fail, so many. */
  failStarts: number;
  slowStartMs: number;
  /** Answers capacity demands with work that was not done. */
  isLying: boolean;
}

/** Where heads listen and members find them. No two of the network share a port: an old address never leads to another's head. */
export class Heads {
  readonly #at = new Map<string, SimNode>();
  #ports = 20_000;

  port(): number {
    return this.#ports++;
  }
  open({ host, gcs }: NodePorts, node: SimNode): void {
    this.#at.set(`${host}:${gcs}`, node);
  }
  close({ host, gcs }: NodePorts): void {
    this.#at.delete(`${host}:${gcs}`);
  }
  find({ host, gcs }: Pick<NodePorts, 'host' | 'gcs'>): SimNode | undefined {
    return this.#at.get(`${host}:${gcs}`);
  }
}

export class SimNode {
  readonly spec: NodeSpec;
  readonly ports: NodePorts;
  readonly ray: SimRay;
  status: NodeStatus = { step: 'starting', detail: '', rayNodeId: null };
  tenantMs = 0;
  readonly listeners = new Set<() => void>();

  constructor(world: World, spec: NodeSpec, ports: NodePorts) {
    this.spec = spec;
    this.ports = ports;
    this.ray = new SimRay(world, spec.lease);
  }

  get runs(): boolean {
    return this.status.step !== 'stopped' && this.status.step !== 'failed';
  }

  become(status: Partial<NodeStatus>): void {
    this.status = { ...this.status, ...status };
    for (const hear of this.listeners) hear();
  }
}

export class SimHost {
  readonly #world: World;
  readonly #heads: Heads;
  readonly name: string;
  readonly cores: readonly number[];
  /** Survives workers; nodes are ended when nobody has kept them for too long. */
  readonly nodes = new Map<LeaseId, SimNode>();
  readonly faults: HostFaults = { foreign: 0, failStarts: 0, slowStartMs: 0, isLying: false };
  readonly #busyMs = new Map<number, number>();
  #countedAt: number;
  boots = 1;
  readonly ran: (node: SimNode) => void;
  /** Leases whose nodes have been ready here. */
  readonly readied = new Set<string>();
  /** Nodes that were started, by lease and generation. */
  readonly started = new Map<string, number>();
  lastWorkWasDone = true;

  constructor(world: World, heads: Heads, name: string, cores: readonly number[], ran: (node: SimNode) => void) {
    this.#world = world;
    this.#heads = heads;
    this.name = name;
    this.cores = cores;
    this.#countedAt = world.now;
    this.ran = ran;
  }

  /** Somebody else takes this share of each core from now on. */
  foreign(share: number): void {
    this.#count();
    this.faults.foreign = share;
  }

  /** What a worker's life reads of its host. */
  hostOf(proc: Proc): Host {
    return {
      bootId: `${this.name}-${this.boots}`,
      counters: { method: 'schedstat', busyMs: (cores) => this.#busy(cores) },
      ownMs: () => 0,
      work: async ({ salt, threads, withinMs }, signal) => {
        await proc.pause(Math.min(withinMs - 1, 1_500), 'capacity');
        if (signal.aborted) throw new Error('abandoned');
        this.lastWorkWasDone = !this.faults.isLying;
        return digestsOf(this.faults.isLying ? 'nothing' : salt, threads);
      },
    };
  }

  runtimeOf(proc: Proc): Runtime {
    const lives = proc.lives();
    const step = async <T>(call: string, ms: number, work: () => T): Promise<T> => {
      if (!lives() || proc.diesAt('before', call)) return never();
      await proc.pause(ms, call);
      const done = work();
      if (proc.diesAt('after', call)) return never();
      return done;
    };
    return {
      allocatePorts: () => step('runtime.ports', 20, () => ({ host: '127.0.0.1', gcs: this.#heads.port(), dashboard: this.#heads.port() })),
      start: (spec, ports) => step('runtime.start', 50, () => this.#running(proc, this.#start(spec, ports))),
      adopt: () =>
        step('runtime.adopt', 20, () => [...this.nodes.values()].filter(({ runs }) => runs).map((node) => this.#running(proc, node))),
      sweep: (keep) =>
        step('runtime.sweep', 20, () => {
          for (const node of this.nodes.values()) if (!keep.includes(node.spec.lease)) this.end(node, 'swept');
        }),
    };
  }

  /** The worker died: its nodes go on for a while. `isBack` is asked when that is over. */
  unkept(isBack: () => boolean): void {
    this.#world.after(keeperMs, undefined, `${this.name} keeper`, () => {
      if (!isBack()) for (const node of this.nodes.values()) this.end(node, 'its worker is gone');
    });
  }

  /** The machine stops at once, and everything on it. */
  unplug(): void {
    for (const node of this.nodes.values()) this.end(node, 'the machine stopped');
    this.nodes.clear();
    this.boots += 1;
  }

  end(node: SimNode, detail: string, step: 'stopped' | 'failed' = 'failed'): void {
    if (!node.runs) return;
    this.#count();
    this.#world.tell(`${this.name} node ${node.spec.lease} ${step}: ${detail}`);
    this.#heads.close(node.ports);
    node.ray.die();
    node.become({ step, detail, rayNodeId: null });
  }

  #start(spec: NodeSpec, ports: NodePorts): SimNode {
    const known = this.nodes.get(spec.lease);
    if (known?.runs === true && known.spec.generation === spec.generation) return known;
    if (this.faults.failStarts > 0) {
      this.faults.failStarts -= 1;
      throw new Error('the node could not be started');
    }
    this.#count();
    const node = new SimNode(this.#world, spec, ports);
    this.nodes.set(spec.lease, node);
    const name = `${spec.lease} generation ${spec.generation}`;
    this.started.set(name, (this.started.get(name) ?? 0) + 1);
    this.#world.tell(`${this.name} node ${spec.lease} starts, cores ${spec.slice.cores.join(' ')}`);
    this.ran(node);
    const joinMs = 4_000 + this.faults.slowStartMs;
    this.#world.after(joinMs, undefined, `${this.name} node`, () => this.#join(node));
    return node;
  }

  #join(node: SimNode): void {
    if (!node.runs) return;
    const { role, head, lease } = node.spec;
    const isHead = role === 'head';
    const found = isHead ? node : head === null ? undefined : this.#heads.find(head);
    if (isHead) this.#heads.open(node.ports, node);
    if (found?.runs === true && found.spec.rayToken === node.spec.rayToken) {
      this.readied.add(lease);
      return node.become({ step: 'ready', detail: '', rayNodeId: createHash('sha256').update(lease).digest('hex').slice(0, 56) });
    }
    node.become({ step: 'joining', detail: 'waits for the head' });
    this.#world.after(2_000, undefined, `${this.name} node`, () => this.#join(node));
  }

  #running(proc: Proc, node: SimNode): RunningNode {
    const lives = proc.lives();
    const off = (): void => void node.listeners.delete(hear);
    let told: (() => void) | undefined;
    const hear = (): void => {
      if (!lives()) return off();
      proc.after(10, 'node changed', () => told?.());
    };
    node.listeners.add(hear);
    return {
      lease: node.spec.lease,
      generation: node.spec.generation,
      ports: node.ports,
      status: () => node.status,
      onChange: (listener) => {
        told = listener;
        return () => (told = undefined);
      },
      tenantCpuMs: () => {
        if (!lives()) throw new Died();
        this.#count();
        return Math.floor(node.tenantMs);
      },
      pids: () => [],
      stop: async () => {
        if (!lives()) return never();
        await proc.pause(300, 'node stop');
        this.end(node, '', 'stopped');
      },
    };
  }

  #busy(cores: readonly number[]): number {
    this.#count();
    return cores.reduce((sum, core) => sum + (this.#busyMs.get(core) ?? 0), 0);
  }

  /** Brings the counters up to now: each running node uses most of its cores, somebody else what the fault says. */
  #count(): void {
    const ms = this.#world.now - this.#countedAt;
    this.#countedAt = this.#world.now;
    if (ms === 0) return;
    for (const core of this.cores) this.#busyMs.set(core, (this.#busyMs.get(core) ?? 0) + ms * this.faults.foreign);
    for (const node of this.nodes.values()) {
      if (!node.runs) continue;
      const share = 0.9 * (1 - this.faults.foreign);
      node.tenantMs += ms * share * node.spec.slice.cores.length;
      for (const core of node.spec.slice.cores) this.#busyMs.set(core, (this.#busyMs.get(core) ?? 0) + ms * share);
    }
  }
}

/** What a device answers that has done the work: here, that it knows the salt. */
export function digestsOf(salt: string, threads: number): string[] {
  return Array.from({ length: threads }, (_, thread) => createHash('sha256').update(`${salt}/${thread}`).digest('hex'));
}

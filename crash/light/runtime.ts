// LightRuntime: nodes that are a `sleep` each, in place of Ray's. They outlive their worker and are adopted by the next one, by their files.
import fs from 'node:fs';
import path from 'node:path';
import type { NodePorts, NodeSpec, NodeStatus, RunningNode, Runtime } from '@iog/worker';
import type { LeaseId } from '@iog/protocol';
import { type Known, endDetached, isAlive, readKnown, startDetached, writeWhole } from './process.ts';

const readyAfterMs = 100;
const lookEveryMs = 100;
/** No node outlives its harness by more than this. */
const longestLifeS = 600;

export interface NodeFile extends Known {
  readonly lease: LeaseId;
  readonly generation: number;
  readonly ports: NodePorts;
}

export function lightRuntime(dir: string): Runtime {
  fs.mkdirSync(dir, { recursive: true });
  let port = 40_000;
  return {
    allocatePorts: () => ({ host: '127.0.0.1', gcs: port++, dashboard: port++ }),
    start({ lease, generation }: NodeSpec, ports) {
      const home = path.join(dir, lease);
      const known = readKnown(path.join(home, 'node.json')) as NodeFile | undefined;
      if (known?.generation === generation && isAlive(known)) return Promise.resolve(nodeOf(home, known));
      fs.mkdirSync(home, { recursive: true });
      const file = { lease, generation, ports, ...startDetached('sleep', [String(longestLifeS)], home, path.join(home, 'node.log')) };
      writeWhole(path.join(home, 'node.json'), file);
      return Promise.resolve(nodeOf(home, file));
    },
    adopt: () =>
      Promise.resolve(
        nodesIn(dir)
          .filter(isAlive)
          .map((file) => nodeOf(path.join(dir, file.lease), file)),
      ),
    sweep(keep) {
      for (const file of nodesIn(dir)) if (!keep.includes(file.lease)) endNode(path.join(dir, file.lease), file);
      return Promise.resolve();
    },
  };
}

export function nodesIn(dir: string): NodeFile[] {
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir).flatMap((name) => (readKnown(path.join(dir, name, 'node.json')) as NodeFile | undefined) ?? []);
}

function nodeOf(home: string, file: NodeFile): RunningNode {
  const hearers = new Set<() => void>();
  const startedMs = performance.now();
  const step = (): NodeStatus['step'] => {
    if (!isAlive(file)) return 'failed';
    return performance.now() - startedMs < readyAfterMs ? 'joining' : 'ready';
  };
  let last = step();
  const timer = setInterval(() => {
    const now = step();
    if (now === last) return;
    last = now;
    if (now === 'failed') clearInterval(timer);
    for (const hear of hearers) hear();
  }, lookEveryMs);
  return {
    lease: file.lease,
    generation: file.generation,
    ports: file.ports,
    status: () => ({ step: last, detail: last === 'failed' ? 'its process ended' : '', rayNodeId: String(file.pid) }),
    onChange: (hear) => (hearers.add(hear), () => hearers.delete(hear)),
    tenantCpuMs: () => 0,
    pids: () => [file.pid],
    stop() {
      clearInterval(timer);
      endNode(home, file);
      return Promise.resolve();
    },
  };
}

function endNode(home: string, file: NodeFile): void {
  endDetached(file);
  const jobs = path.join(home, 'jobs');
  for (const job of fs.existsSync(jobs) ? fs.readdirSync(jobs) : []) {
    const known = readKnown(path.join(jobs, job, 'job.json'));
    if (known !== undefined) endDetached(known);
  }
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

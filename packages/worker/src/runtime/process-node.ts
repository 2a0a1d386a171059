// One running node: watches it start and join, tells when it ends, and ends it without a trace.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaseId, Role } from '@iog/protocol';
import type { NodeStatus, RunningNode } from '../lease/runtime-port.ts';
import type { KeeperLink } from './keeper-link.ts';
import { aliveNodes, rayRequest } from './ray-http.ts';
import type { NodePorts } from './ray-start.ts';

/** What a node's file remembers, so that a worker that comes back finds it. */
export interface NodeRecord {
  readonly lease: string;
  readonly generation: number;
  readonly role: Role;
  readonly ports: NodePorts;
  readonly tempDir: string;
  readonly headDashboard: { readonly host: string; readonly port: number };
}

const pollMs = 100;
/** How long a node that Ray holds for alive may lack its agent before a silent port clash is called out. It takes 4 s on two busy cores. */
const agentWithinMs = 30_000;
/** The first process gives up on its own after 10 s; then whatever bears the node's mark is ended from here. */
const stopWithinMs = 15_000;
const logTailBytes = 3_000;
/** A ready node is looked at further: a frozen one does not end, so only the head can tell that it is gone. */
const watchEveryMs = 2_000;
/** So long a head may leave us without an answer, busy or not, before it counts as frozen. */
const headSilentMs = 60_000;

export function processNode(record: NodeRecord, link: KeeperLink, forget: () => Promise<string | undefined>): RunningNode {
  const { role, ports, tempDir, headDashboard } = record;
  const token = fs.readFileSync(path.join(tempDir, 'token'), 'utf8');
  const listeners = new Set<() => void>();
  let aliveSince: number | undefined;
  let wellAt = Date.now();
  let fault = '';
  let status: NodeStatus = {
    step: 'starting',
    detail: role === 'head' ? 'Ray head is starting' : 'Ray is starting and waits for the head',
    rayNodeId: null,
  };
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  let ending: Promise<void> | undefined;

  const become = (next: NodeStatus): void => {
    if (status.step === next.step && status.detail === next.detail) return;
    status = next;
    for (const listener of listeners) listener();
  };
  const end = async (): Promise<void> => {
    clearTimeout(timer);
    const died = `Ray ended with ${link.exitCode() ?? 'no code'}: ${lastWords(path.join(tempDir, 'node.log'))}`;
    const reason = isStopping ? 'stopped' : fault || died;
    link.leave();
    const left = await forget();
    become({ step: isStopping && !left ? 'stopped' : 'failed', detail: left ?? reason, rayNodeId: null });
  };
  const ended = (): Promise<void> => (ending ??= end());
  link.onExit(() => void ended());
  // A frozen first process obeys no order: then what bears the mark is ended from here.
  const halt = async (): Promise<void> => {
    const limit = new AbortController();
    await Promise.race([link.stop(), sleep(stopWithinMs, undefined, { signal: limit.signal }).catch(() => undefined)]);
    limit.abort();
    await ended();
    await link.gone();
  };
  const giveUp = (why: string): void => {
    fault = why;
    void halt();
  };

  const look = async (): Promise<void> => {
    const alive = await aliveNodes({ ...headDashboard, token }).catch(() => undefined);
    if (link.exitCode() !== undefined || ending) return;
    const own = alive?.find((node) => node.lease === record.lease);
    if (status.step === 'ready') return watch(alive ?? [], own !== undefined);
    if (!alive)
      become({
        step: 'starting',
        detail: role === 'head' ? 'Ray head is starting: GCS and dashboard' : 'Ray is starting and waits for the head',
        rayNodeId: null,
      });
    else if (!own) become({ step: 'joining', detail: 'the head answers; this node is joining', rayNodeId: null });
    else if (await agentAnswers()) {
      become({ step: 'ready', detail: '', rayNodeId: own.rayNodeId });
      return watch(alive, true);
    } else if (Date.now() - (aliveSince ??= Date.now()) > agentWithinMs) {
      // A taken agent port fails silently in Ray: the node is up, and no job ever starts.
      return giveUp(`port ${ports.agentHttp} was taken: Ray's agent does not answer there; start the node again with other ports`);
    } else become({ step: 'joining', detail: "Ray's agent is starting", rayNodeId: own.rayNodeId });
    timer = setTimeout(() => void look(), pollMs);
    return undefined;
  };
  const watch = (alive: readonly unknown[], isAlive: boolean): void => {
    if (isAlive) wellAt = Date.now();
    // Ray never takes back that a node is dead. A head that does not answer is its own fault, not its members'.
    else if (alive.length > 0) return giveUp('Ray holds this node for dead: it did not answer the head');
    else if (role === 'head' && Date.now() - wellAt > headSilentMs) return giveUp('the head does not answer any more');
    timer = setTimeout(() => void look(), watchEveryMs);
    return undefined;
  };
  const agentAnswers = async (): Promise<boolean> => {
    const address = { host: ports.host, port: ports.agentHttp, token };
    const answer = await rayRequest(address, 'GET', '/api/local_raylet_healthz', undefined, 2_000).catch(() => undefined);
    return answer?.status === 200;
  };
  if (link.exitCode() === undefined) void look();
  else void ended();

  return {
    lease: record.lease as LeaseId,
    generation: record.generation,
    ports,
    status: () => status,
    onChange: (hear) => {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
    tenantCpuMs: () => link.cpuMs(),
    pids: () => keptPids(link.keeper),
    async stop() {
      isStopping = true;
      await halt();
    },
  };
}

/** The keeper's children: the roots of the renter's processes. */
function keptPids(keeper: number): number[] {
  try {
    return fs.readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function lastWords(file: string): string {
  try {
    const text = fs.readFileSync(file, 'utf8').slice(-logTailBytes).trim();
    return text.split('\n').slice(-3).join(' | ').slice(0, 400) || 'it said nothing';
  } catch {
    return 'it said nothing';
  }
}

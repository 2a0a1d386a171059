// One running node: tells how it does and when it ends, and ends it without a trace.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeaseId, Role } from '@iog/protocol';
import type { NodeStatus, RunningNode } from '../lease/runtime-port.ts';
import type { KeeperLink } from './keeper-link.ts';
import { firstStatus, nodeHealth } from './node-health.ts';
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

const pollMs = 300;
/** A ready node is looked at further: a frozen one does not end, so only the head can tell that it is gone. */
const watchEveryMs = 2_000;
/** The first process gives up on its own after 10 s; then whatever bears the node's mark is ended from here. */
const stopWithinMs = 15_000;
const logTailBytes = 3_000;

export function processNode(record: NodeRecord, link: KeeperLink, forget: () => Promise<string | undefined>): RunningNode {
  const { role, ports, tempDir } = record;
  const look = nodeHealth(record, fs.readFileSync(path.join(tempDir, 'token'), 'utf8'));
  const listeners = new Set<() => void>();
  let status = firstStatus(role);
  let fault = '';
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
  // A frozen first process obeys no order: then what bears the mark is ended from here.
  const halt = async (): Promise<void> => {
    const limit = new AbortController();
    await Promise.race([link.stop(), sleep(stopWithinMs, undefined, { signal: limit.signal }).catch(() => undefined)]);
    limit.abort();
    await ended();
    await link.gone();
  };
  const watch = async (): Promise<void> => {
    const found = await look();
    if (link.exitCode() !== undefined || ending) return;
    if ('fault' in found) {
      fault = found.fault;
      void halt();
      return;
    }
    become(found.status);
    timer = setTimeout(() => void watch(), found.status.step === 'ready' ? watchEveryMs : pollMs);
  };
  link.onExit(() => void ended());
  if (link.exitCode() === undefined) void watch();
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

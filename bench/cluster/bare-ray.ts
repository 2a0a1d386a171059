// The peer: `ray start` of the same two nodes with the same flags, both at once, and the same job by Ray's own REST interface.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resultIn } from '@iog/client';
import { holdPorts } from '../../packages/worker/src/runtime/free-ports.ts';
import { type RayAddress, aliveNodes } from '../../packages/worker/src/runtime/ray-http.ts';
import { rayJobs } from '../../packages/worker/src/runtime/ray-jobs.ts';
import { type NodePorts, type RayNode, rayArguments, rayEnvironment } from '../../packages/worker/src/runtime/ray-start.ts';
import { type RunTimes, type Seen, runTimes } from './run-times.ts';

export interface BareNodes {
  readonly python: string;
  readonly memoryBytes: number;
  /** The cores of each node, or undefined where a node may use all of the host's. */
  readonly cores: readonly [readonly number[], readonly number[]] | undefined;
  readonly coreCount: number;
}

const pollMs = 100;
const submitPollMs = 50;
const withinMs = 120_000;

export async function bareRun(nodes: BareNodes, zip: Uint8Array): Promise<RunTimes> {
  const [head, member] = await Promise.all([holdPorts(Math.random), holdPorts(Math.random)]);
  const folder = fs.mkdtempSync('/tmp/iog-bare-');
  const mark = randomBytes(6).toString('hex');
  const token = randomBytes(32).toString('hex');
  const startedAt = Date.now();
  const children = [
    startNode(nodes, { ports: head.ports, mark, folder, token, cores: nodes.cores?.[0] }),
    startNode(nodes, { ports: member.ports, mark, folder, token, cores: nodes.cores?.[1], head: head.ports }),
  ];
  try {
    return await measure({ host: head.ports.host, port: head.ports.dashboard, token }, startedAt, zip);
  } finally {
    await endNodes(children, mark);
    head.release();
    member.release();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Start {
  readonly ports: NodePorts;
  readonly mark: string;
  readonly folder: string;
  readonly token: string;
  readonly cores: readonly number[] | undefined;
  readonly head?: NodePorts;
}

function startNode({ python, memoryBytes, coreCount }: BareNodes, { ports, mark, folder, token, cores, head }: Start): ChildProcess {
  const tempDir = fs.mkdtempSync(path.join(folder, 'n-'));
  const tokenPath = path.join(tempDir, 'token');
  fs.writeFileSync(tokenPath, token, { mode: 0o600 });
  const node: RayNode = {
    lease: `${mark}-${ports.base}`,
    role: head ? 'member' : 'head',
    coreCount,
    gpuCount: 0,
    memoryBytes,
    ports,
    headAddress: head ? `${head.host}:${head.gcs}` : undefined,
    python,
    tempDir,
    tokenPath,
  };
  const pin = cores === undefined ? [] : ['taskset', '--cpu-list', cores.join(',')];
  // `ray start --block` ends its processes on SIGTERM: nothing stays behind when the bench is killed.
  const args = ['--pdeathsig', 'TERM', ...pin, ...rayArguments(node)];
  // Stock Ray: kept on loopback, but as slow to look for its head as it is.
  return spawn('setpriv', args, { env: rayEnvironment(node), cwd: tempDir, stdio: 'ignore', detached: true });
}

async function measure(address: RayAddress, startedAt: number, zip: Uint8Array): Promise<RunTimes> {
  const seen: Seen = { spawned: Date.now(), headReady: 0, membersJoined: 0, submitted: 0 };
  const jobs = rayJobs(address);
  const until = startedAt + withinMs;
  const id = `bench-${randomBytes(6).toString('hex')}`;
  const watching = watch(address, seen, until);
  while (seen.submitted === 0) {
    try {
      const packageUri = await jobs.uploadPackage(zip);
      await jobs.submit({ submissionId: id, entrypoint: 'python two_nodes.py', packageUri, env: { IOG_NODES: '2' }, metadata: {} });
      seen.submitted = Date.now();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(submitPollMs);
    }
  }
  await watching;
  for (;;) {
    const job = await jobs.info(id);
    if (job?.status === 'SUCCEEDED') return runTimes(startedAt, seen, resultIn(await jobs.logs(id)));
    if (job?.status === 'FAILED' || Date.now() > until) throw new Error(`bare Ray's job: ${job?.status} ${job?.message}`);
    await sleep(pollMs);
  }
}

async function watch(address: RayAddress, seen: Seen, until: number): Promise<void> {
  while (seen.membersJoined === 0 && Date.now() < until) {
    const alive = (await aliveNodes(address).catch(() => [])).length;
    if (alive >= 1) seen.headReady ||= Date.now();
    if (alive >= 2) seen.membersJoined = Date.now();
    await sleep(pollMs);
  }
}

/** Ray's processes leave their group; all of them carry the mark in their environment, and none else does. */
async function endNodes(children: readonly ChildProcess[], mark: string): Promise<void> {
  for (const child of children) child.kill('SIGKILL');
  for (let clean = 0; clean < 2;) {
    const left = marked(mark);
    clean = left.length === 0 ? clean + 1 : 0;
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(submitPollMs);
  }
}

function marked(mark: string): number[] {
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const isOurs = fs.readFileSync(`/proc/${name}/environ`, 'latin1').includes(`IOG_LEASE=${mark}-`);
      return isOurs ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

// The runtime `process` with a real Ray: forms a cluster of two, stays on loopback, is adopted, and leaves nothing behind, in both containments.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { LeaseId } from '@iog/protocol';
import type { NodeSpec, RunningNode } from '../../packages/worker/src/lease/runtime-port.ts';
import { type Containment, processRuntime } from '../../packages/worker/src/runtime/process-runtime.ts';
import type { NodePorts } from '../../packages/worker/src/runtime/ray-start.ts';
import { rayJobs } from '../../packages/worker/src/runtime/ray-jobs.ts';

type ProcessRuntime = ReturnType<typeof processRuntime>;

const python = path.join(import.meta.dirname, '../../.cache/python');
const waitMs = 90_000;

for (const containment of ['pid-namespace', 'subreaper'] as const) {
  test(`two nodes form a cluster, run a job and leave nothing (${containment})`, async () => {
    await withRuntime(containment, async (runtime, dir) => {
      const { head, member, token } = await formTwo(runtime);
      assert.deepEqual(listenersBeyondLoopback([head.ports, member.ports] as NodePorts[]), []);

      const jobs = rayJobs({ host: head.ports.host, port: head.ports.dashboard, token });
      const submission = { submissionId: 'job_of_the_test', entrypoint: 'python -c "print(6 * 7)"', env: {}, metadata: {} };
      await jobs.submit(submission);
      await jobs.submit(submission);
      await until('the job to end', async () => (await jobs.info('job_of_the_test'))?.status === 'SUCCEEDED');
      assert.match(await jobs.logs('job_of_the_test'), /^42$/m);
      assert.ok((await head.tenantCpuMs()) > 1_000);

      const adopted = await processRuntime({ dir, python, graceMs: 20_000, log: () => undefined, containment }).adopt();
      assert.deepEqual(new Set(adopted.map((node) => node.lease)), new Set([head.lease, member.lease]));
      for (const node of adopted) await until('an adopted node to be ready', () => node.status().step === 'ready');

      const roots = [...head.pids(), ...member.pids()];
      await Promise.all([head.stop(), member.stop()]);
      assert.equal(head.status().step, 'stopped');
      assert.deepEqual(roots.filter(lives), []);
      assert.deepEqual(recordsLeft(dir), []);
    });
  });

  test(`a killed keeper takes its node along, and the node is told failed (${containment})`, async () => {
    await withRuntime(containment, async (runtime) => {
      const ports = await runtime.allocatePorts({ lease: 'lea_killed' as LeaseId, role: 'head' });
      const node = await runtime.start(specOf('lea_killed', 'head', [0], null, 'b'.repeat(64)), ports);
      await until('Ray to have begun', async () => (await node.tenantCpuMs()) > 300);
      const [root = 0] = node.pids();
      const keeper = Number(/^PPid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${root}/status`, 'utf8'))?.[1]);
      process.kill(keeper, 'SIGKILL');
      await until('the node to be told failed', () => node.status().step === 'failed');
      await until('its processes to be gone', () => !lives(root));
      assert.match(node.status().detail, /Ray ended with 137/);
    });
  });
}

test('without Ray the runtime says what is missing and what to do', () => {
  const options = { dir: os.tmpdir(), python: '/nowhere', graceMs: 1_000, log: () => undefined };
  assert.throws(() => processRuntime(options), /python was not found at \/nowhere\/bin\/python\. Run `npm start`/);
});

async function withRuntime(containment: Containment, body: (runtime: ProcessRuntime, dir: string) => Promise<void>): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'runtime-test-'));
  const runtime = processRuntime({ dir, python, graceMs: 20_000, log: () => undefined, containment });
  try {
    await body(runtime, dir);
  } finally {
    await runtime.sweep([]);
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

async function formTwo(runtime: ProcessRuntime): Promise<{ head: RunningNode; member: RunningNode; token: string }> {
  const token = randomBytes(32).toString('hex');
  const headPorts = await runtime.allocatePorts({ lease: 'lea_head' as LeaseId, role: 'head' });
  const memberPorts = await runtime.allocatePorts({ lease: 'lea_member' as LeaseId, role: 'member' });
  const [head, member] = await Promise.all([
    runtime.start(specOf('lea_head', 'head', [0], null, token), headPorts),
    runtime.start(specOf('lea_member', 'member', [os.availableParallelism() > 1 ? 1 : 0], headPorts, token), memberPorts),
  ]);
  for (const node of [head, member]) await until(`${node.lease} to be ready`, () => stepOf(node) === 'ready');
  return { head, member, token };
}

function stepOf(node: RunningNode): string {
  const { step, detail } = node.status();
  assert.notEqual(step, 'failed', detail);
  return step;
}

function specOf(lease: string, role: 'head' | 'member', cores: number[], head: NodePorts | null, rayToken: string): NodeSpec {
  const slice = { cores, memoryBytes: 1_000_000_000, gpus: [] };
  return {
    lease: lease as LeaseId,
    generation: 1,
    incarnation: 1,
    cluster: 'clu_test' as NodeSpec['cluster'],
    role,
    slice,
    head,
    rayToken,
  };
}

/** Sockets that listen on the nodes' ports at any other address than loopback; addresses as the kernel prints them. */
function listenersBeyondLoopback(blocks: readonly NodePorts[]): string[] {
  const loopback = /^(0100007F|0000000000000000FFFF00000100007F|00000000000000000000000001000000):/;
  const isOurs = (port: number): boolean => blocks.some(({ base, workerMax }) => port >= base && port <= workerMax);
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map(([, local = '']) => local),
  );
  const ours = listening.filter((local) => isOurs(Number.parseInt(local.split(':')[1] ?? '', 16)));
  assert.ok(ours.length > 10, 'a cluster of two listens on more than ten ports');
  return ours.filter((local) => !loopback.test(local));
}

function recordsLeft(dir: string): string[] {
  return fs.readdirSync(dir).filter((name) => name.endsWith('.json'));
}

function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + waitMs;
  while (!(await isSo())) {
    if (Date.now() > limit) throw new Error(`waited ${waitMs / 1_000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

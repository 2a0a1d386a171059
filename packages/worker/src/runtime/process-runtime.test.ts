// How a node begins and ends under its keeper, in both containments, with a stand-in for Ray that does what leaks: it forks away and
// forgets its environment. Forming a real cluster is tested under tests/system.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { LeaseId } from '@iog/protocol';
import type { NodeSpec, RunningNode } from '../lease/runtime-port.ts';
import { type Containment, type ProcessRuntimeOptions, processRuntime } from './process-runtime.ts';

const containments = ['pid-namespace', 'subreaper'] as const;
const lease = 'lea_kept' as LeaseId;

for (const containment of containments) {
  test(`stop leaves nothing, and is idempotent (${containment})`, async () => {
    await withPlace(containment, async (place) => {
      const node = await place.start();
      assert.ok(place.processes().length >= 3);
      await Promise.all([node.stop(), node.stop()]);
      assert.equal(node.status().step, 'stopped');
      await place.assertNothingLeft();
      await node.stop();
    });
  });

  test(`a node whose keeper is killed leaves nothing, and is told failed (${containment})`, async () => {
    await withPlace(containment, async (place) => {
      const node = await place.start();
      process.kill(parentOf(node.pids()[0]), 'SIGKILL');
      await until('the node to be told failed', () => node.status().step === 'failed');
      await place.assertNothingLeft();
    });
  });

  test(`a node whose first process is killed leaves nothing, and is told failed (${containment})`, async () => {
    await withPlace(containment, async (place) => {
      const node = await place.start();
      process.kill(node.pids()[0] ?? 0, 'SIGKILL');
      await until('the node to be told failed', () => node.status().step === 'failed');
      await place.assertNothingLeft();
    });
  });

  test(`a node outlives its worker, is adopted, and without a worker ends after its grace (${containment})`, async () => {
    await withPlace(containment, async (place) => {
      const first = await place.startByOther();
      const adopted = await place.runtime().adopt();
      assert.deepEqual(
        adopted.map((node) => [node.lease, node.generation, node.ports.gcs]),
        [[lease, 1, first.gcs]],
      );
      await adopted[0]?.stop();
      await place.assertNothingLeft();

      await place.startByOther();
      await until('the grace to pass', () => place.processes().length === 0);
      await until('its folder to go', () => place.folders().length === 0);
      assert.deepEqual(await place.runtime().adopt(), []);
      await place.assertNothingLeft();
    });
  });
}

test('a node whose inner subreaper is killed leaves nothing, and is told failed', async () => {
  await withPlace('subreaper', async (place) => {
    const node = await place.start();
    const outer = node.pids()[0] ?? 0;
    const [inner] = fs.readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim().split(' ');
    process.kill(Number(inner), 'SIGKILL');
    await until('the node to be told failed', () => node.status().step === 'failed');
    await place.assertNothingLeft();
  });
});

test('a start is idempotent for one lease and generation; a newer one replaces it', async () => {
  await withPlace('pid-namespace', async (place) => {
    const node = await place.start();
    const runtime = place.runtime();
    const ports = await runtime.allocatePorts({ lease, role: 'head' });
    assert.equal((await runtime.start(specOf(1), ports)).pids()[0], node.pids()[0]);
    const next = await runtime.start(specOf(2), ports);
    assert.equal(node.status().step, 'stopped');
    assert.equal(next.generation, 2);
    await runtime.sweep([]);
    await place.assertNothingLeft();
  });
});

test('no other user of the host reads or renames anything of a node, although Ray opens its own folder to all', async () => {
  await withPlace('pid-namespace', async (place) => {
    await place.start();
    const [init = ''] = place.folders();
    const folder = path.dirname(init);
    const job = path.join(folder, 'r', 'job.py');
    assert.equal(readOr(job), 'secret');
    assert.equal(fs.statSync(path.dirname(job)).mode & 0o777, 0o777);
    assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(fs.readdirSync(folder).toSorted(), ['init.json', 'keeper.json', 'keeper.sock', 'node.log', 'r', 'token']);
    // Only root can become another user.
    if (process.getuid?.() !== 0) return;
    assert.equal(asNobody('true').status, 0);
    const token = path.join(folder, 'token');
    for (const command of [
      ['ls', folder],
      ['cat', job],
      ['cat', token],
      ['mv', token, `${token}.old`],
    ])
      assert.match(asNobody(...command).stderr, /Permission denied/, command.join(' '));
  });
});

test('a port taken since it was allocated is named', async () => {
  await withPlace('pid-namespace', async (place) => {
    const ports = await place.runtime().allocatePorts({ lease, role: 'head' });
    const other = net.createServer().listen(ports.gcs + 4, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    try {
      await assert.rejects(place.runtime().start(specOf(1), ports), new RegExp(`Port ${ports.gcs + 4} was taken`));
      await place.assertNothingLeft();
    } finally {
      other.close();
    }
  });
});

test('without Ray the runtime says what is missing and what to do', () => {
  const options = { dir: os.tmpdir(), python: '/nowhere', graceMs: 1_000, log: () => undefined };
  assert.throws(() => processRuntime(options), /python was not found at \/nowhere\/bin\/python\. Run `npm start`/);
});

for (const [what, ray, says] of [
  ['cannot be imported', '#!/usr/bin/env -S python3 -S\nimport ray\n', /^Ray ended with 1: .*ModuleNotFoundError: No module named 'ray'$/],
  [
    'is of another version than its head',
    '#!/bin/sh\necho "RuntimeError: Version mismatch: The cluster was started with: Ray: 2.60.0; This process was started with: Ray: 2.9.0" >&2\nexit 1\n',
    /^Ray ended with 1: .*Version mismatch.*Ray: 2\.60\.0.*Ray: 2\.9\.0$/,
  ],
] as const)
  test(`a node whose Ray ${what} is told failed with Ray's own words, and leaves nothing`, async () => {
    await withPlace('subreaper', async (place) => {
      place.breakRay(ray);
      const runtime = place.runtime();
      const node = await runtime.start(specOf(1), await runtime.allocatePorts({ lease, role: 'head' }));
      await until('the node to be told failed', () => node.status().step === 'failed');
      assert.match(node.status().detail, says);
      await place.assertNothingLeft();
    });
  });

/** Widens its folder as Ray does; forks a child with a session of its own, and one that has also lost its environment, its session and its parent. */
const standIn = `#!/usr/bin/env -S python3 -S
import os, sys, time
given = sys.argv[sys.argv.index("--temp-dir") + 1]
os.chmod(given, 0o777)
with open(os.path.join(given, "job.py"), "w") as file:
    file.write("secret")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        if os.fork() > 0:
            os._exit(0)
        os.setsid()
        os.execve("/bin/sleep", ["sleep", "STAND_IN_SECONDS"], {})
time.sleep(300)
`;

interface Place {
  runtime(): ReturnType<typeof processRuntime>;
  start(): Promise<RunningNode>;
  /** Started by another process, which ends at once. */
  startByOther(): Promise<{ gcs: number }>;
  /** All processes of the stand-in, by what only they have in their command. */
  processes(): number[];
  folders(): string[];
  /** Another program in the stand-in's place. */
  breakRay(program: string): void;
  assertNothingLeft(): Promise<void>;
}

let places = 0;

async function withPlace(containment: Containment, body: (place: Place) => Promise<void>): Promise<void> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'keeping-'));
  // Tells this test's processes and folders from those of others that run beside it.
  const seconds = String(900_000_000 + process.pid * 10 + (places++ % 10));
  const dir = path.join(root, 'device');
  const python = path.join(root, 'python');
  fs.mkdirSync(path.join(python, 'bin'), { recursive: true });
  fs.symlinkSync(path.join(import.meta.dirname, '../../../../.cache/python/bin/python'), path.join(python, 'bin/python'));
  fs.writeFileSync(path.join(python, 'bin/ray'), standIn.replace('STAND_IN_SECONDS', seconds), { mode: 0o755 });
  const options: ProcessRuntimeOptions = { dir, python, graceMs: 1_500, log: () => undefined, containment };
  const runtime = processRuntime(options);
  const processes = (): number[] => commands().flatMap(({ pid, text }) => (text.includes(root) || text.includes(seconds) ? [pid] : []));
  const began = until.bind(null, 'the stand-in to have forked', () => commands().some(({ text }) => text.includes(`sleep ${seconds}`)));
  const folders = (): string[] => fs.globSync('{/tmp,' + os.tmpdir() + '}/iog-*/init.json').filter((file) => readOr(file).includes(root));
  const place: Place = {
    runtime: () => runtime,
    async start() {
      const node = await runtime.start(specOf(1), await runtime.allocatePorts({ lease, role: 'head' }));
      await began();
      return node;
    },
    async startByOther() {
      const gcs = await startElsewhere(options);
      await began();
      return { gcs };
    },
    processes,
    folders,
    breakRay: (program) => fs.writeFileSync(path.join(python, 'bin/ray'), program),
    async assertNothingLeft() {
      await until('its processes to be gone', () => processes().length === 0, 2_000);
      assert.deepEqual(folders(), []);
      assert.deepEqual(fs.readdirSync(dir), []);
    },
  };
  try {
    await body(place);
  } finally {
    await runtime.sweep([]);
    for (const pid of processes()) process.kill(pid, 'SIGKILL');
    fs.rmSync(root, { recursive: true, force: true });
  }
}

async function startElsewhere({ dir, python, graceMs, containment }: ProcessRuntimeOptions): Promise<number> {
  const script = `
    import { processRuntime } from ${JSON.stringify(path.join(import.meta.dirname, 'process-runtime.ts'))};
    const runtime = processRuntime({ ...${JSON.stringify({ dir, python, graceMs, containment })}, log: () => undefined });
    const ports = await runtime.allocatePorts({ lease: '${lease}', role: 'head' });
    await runtime.start(${JSON.stringify(specOf(1))}, ports);
    process.stdout.write(String(ports.gcs), () => process.exit(0));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  let out = '';
  for await (const chunk of child.stdout) out += String(chunk);
  return Number(out);
}

function asNobody(...command: string[]) {
  return spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', '--', ...command], { encoding: 'utf8' });
}

function specOf(generation: number): NodeSpec {
  const slice = { cores: [0], memoryBytes: 1_000_000_000, gpus: [] };
  const cluster = 'clu_test' as NodeSpec['cluster'];
  return { lease, generation, incarnation: 1, cluster, role: 'head', slice, head: null, rayToken: 'a'.repeat(64) };
}

/** Living processes. Those whose command line names the test's root are the keeper, the first process and the stand-in. */
function commands(): { pid: number; text: string }[] {
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    const text = readOr(`/proc/${name}/cmdline`).replaceAll('\0', ' ');
    return text === '' ? [] : [{ pid: Number(name), text }];
  });
}

function parentOf(pid = 0): number {
  return Number(/^PPid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function readOr(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > limit) throw new Error(`waited ${limitMs / 1_000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// The runtime `process`: Ray nodes as ordinary processes of this host's user, each in its own PID namespace on its own cores. No isolation.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { LeaseId } from '@iog/protocol';
import type { NodeSpec, RunningNode, Runtime } from '../lease/runtime-port.ts';
import { type Log, saying } from '../ports.ts';
import { type HeldPorts, holdAgain, holdPorts, takenPort } from './free-ports.ts';
import { connectKeeper } from './keeper-link.ts';
import type { KeeperSpec } from './keeper.ts';
import { endMarked, markName } from './marked-processes.ts';
import { type NodePorts, markOf, rayArguments, rayEnvironment, rayFolder } from './ray-start.ts';
import { type NodeRecord, processNode } from './process-node.ts';

/** Without user namespaces (Ubuntu 24.04 for ordinary users) the node's first process is a subreaper that kills all below it. */
export type Containment = 'pid-namespace' | 'subreaper';

export interface ProcessRuntimeOptions {
  /** This device's own folder. */
  readonly dir: string;
  /** The folder of the Python environment that has Ray. */
  readonly python: string;
  /** How long a node outlives its worker. */
  readonly graceMs: number;
  readonly log: Log;
  readonly containment?: Containment;
}

const keeperWithinMs = 10_000;

/** Throws where Ray is missing or broken, with the way to mend it. */
export function processRuntime({ dir, python, graceMs, log, containment = bestContainment() }: ProcessRuntimeOptions): Runtime<NodePorts> {
  checkPython(python);
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { held, running, recordFile, forget, attach, free } = keptNodes(dir, log);

  return {
    async allocatePorts() {
      const block = await holdPorts(() => randomBytes(4).readUInt32LE() / 2 ** 32);
      held.set(block.ports.base, block);
      return block.ports;
    },
    async start(spec, ports) {
      const before = running.get(spec.lease);
      if (before?.generation === spec.generation) return before;
      await before?.stop();
      const taken = await takenPort(ports);
      if (taken !== undefined) {
        free(ports);
        throw new Error(`Port ${taken} was taken before the node started. Start it again with other ports.`);
      }
      const record = layOut(spec, ports, { python, graceMs, containment });
      fs.writeFileSync(recordFile(spec.lease), JSON.stringify(record), { mode: 0o600 });
      const node = await attach(record, keeperWithinMs, spawnKeeper(record));
      if (!node) {
        await forget(record);
        throw new Error(`The keeper of ${spec.lease} did not start within ${keeperWithinMs / 1_000} s.`);
      }
      log({ level: 'info', event: 'node.started', lease: spec.lease, role: spec.role, containment });
      return node;
    },
    async adopt() {
      const records = readRecords(dir);
      const nodes = await Promise.all(records.map(async (record) => running.get(record.lease) ?? (await attach(record, 500))));
      await Promise.all(records.filter((_, i) => nodes[i] === undefined).map(forget));
      for (const { ports } of records.filter((_, i) => nodes[i] !== undefined)) {
        const block = await holdAgain(ports);
        if (block) held.set(ports.base, block);
      }
      return nodes.filter((node): node is RunningNode => node !== undefined);
    },
    async sweep(keep) {
      for (const record of readRecords(dir).filter(({ lease }) => !keep.includes(lease as LeaseId))) {
        const node = running.get(record.lease) ?? (await attach(record, 500));
        await node?.stop();
        await forget(record);
      }
    },
  };
}

/** What this worker knows of the device's nodes: their ports, those that run, and how one is taken up and let go. */
function keptNodes(dir: string, log: Log) {
  const held = new Map<number, HeldPorts>();
  const running = new Map<string, RunningNode>();
  const recordFile = (lease: string): string => path.join(dir, `${lease}.json`);
  const free = ({ base }: NodePorts): void => {
    held.get(base)?.release();
    held.delete(base);
  };
  /** Ends and removes what is left of a node; says what would not end. Then its record stays, for the next sweep. */
  const forget = async (record: NodeRecord): Promise<string | undefined> => {
    const left = await endMarked(markOf(record.tempDir)).then(() => undefined, saying);
    if (running.get(record.lease)?.generation === record.generation) running.delete(record.lease);
    if (left !== undefined) {
      log({ level: 'error', event: 'node.left', lease: record.lease, error: left });
      return left;
    }
    fs.rmSync(record.tempDir, { recursive: true, force: true, maxRetries: 5 });
    fs.rmSync(recordFile(record.lease), { force: true });
    free(record.ports);
    return undefined;
  };
  const attach = async (record: NodeRecord, withinMs: number, keeper?: ChildProcess): Promise<RunningNode | undefined> => {
    const link = await connectKeeper(path.join(record.tempDir, 'keeper.sock'), withinMs);
    if (!link) {
      keeper?.kill('SIGKILL');
      return undefined;
    }
    const node = processNode(record, link, () => forget(record));
    if (link.exitCode() === undefined) running.set(record.lease, node);
    return node;
  };
  return { held, running, recordFile, forget, attach, free };
}

function spawnKeeper({ tempDir }: NodeRecord): ChildProcess {
  const keeper = spawn(process.execPath, [path.join(import.meta.dirname, 'keeper.ts'), path.join(tempDir, 'keeper.json')], {
    detached: true,
    stdio: 'ignore',
    env: { [markName]: markOf(tempDir) },
    cwd: '/',
  });
  keeper.unref();
  return keeper;
}

/** Tries once what this host allows. */
function bestContainment(): Containment {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user'];
  const tried = spawnSync('unshare', [...user, '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', 'true'], {
    stdio: 'ignore',
    timeout: 5_000,
  });
  return tried.status === 0 ? 'pid-namespace' : 'subreaper';
}

function checkPython(python: string): void {
  for (const program of ['python', 'ray']) {
    const file = path.join(python, 'bin', program);
    if (!fs.existsSync(file))
      throw new Error(`${program} was not found at ${file}. Run \`npm start\` in the product's folder: it installs Ray there.`);
  }
}

/** Writes the node's private folder: its token, the keeper's and the first process's orders, and Ray's own folder in it. */
function layOut(
  spec: NodeSpec,
  ports: NodePorts,
  { python, graceMs, containment }: { python: string; graceMs: number; containment: Containment },
): NodeRecord {
  const tempDir = fs.mkdtempSync(path.join(os.tmpdir().length > 20 ? '/tmp' : os.tmpdir(), 'iog-'));
  // Never wider, whatever becomes of what is in it.
  fs.chmodSync(tempDir, 0o700);
  fs.mkdirSync(rayFolder(tempDir), { mode: 0o700 });
  const file = (name: string): string => path.join(tempDir, name);
  const write = (name: string, text: string): void => fs.writeFileSync(file(name), text, { mode: 0o600 });
  const { lease, role, slice, head } = spec;
  write('token', spec.rayToken);
  const node = {
    lease,
    role,
    coreCount: slice.cores.length,
    gpuCount: slice.gpus.length,
    gpus: slice.gpus,
    memoryBytes: slice.memoryBytes,
    ports,
    headAddress: head ? `${head.host}:${head.gcs}` : undefined,
    python,
    tempDir,
    tokenPath: file('token'),
  };
  write(
    'init.json',
    JSON.stringify({
      cores: slice.cores,
      argv: rayArguments(node),
      env: rayEnvironment(node),
      cwd: rayFolder(tempDir),
      log: file('node.log'),
    }),
  );
  const init = [path.join(python, 'bin', 'python'), '-S', path.join(import.meta.dirname, 'python', 'node_init.py'), file('init.json')];
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user'];
  const unshare = [
    '/usr/bin/env',
    `PATH=/usr/local/bin:/usr/bin:/bin`,
    'unshare',
    ...user,
    '--pid',
    '--fork',
    '--kill-child=SIGKILL',
    '--mount-proc',
  ];
  const keeper: KeeperSpec = {
    socket: file('keeper.sock'),
    command: [...(containment === 'pid-namespace' ? unshare : []), ...init],
    graceMs,
    mark: markOf(tempDir),
  };
  write('keeper.json', JSON.stringify(keeper));
  const headDashboard =
    role === 'head' ? { host: ports.host, port: ports.dashboard } : { host: head?.host ?? '', port: head?.dashboard ?? 0 };
  return { lease, generation: spec.generation, role, ports, tempDir, headDashboard };
}

function readRecords(dir: string): NodeRecord[] {
  return fs
    .readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [JSON.parse(fs.readFileSync(path.join(dir, name), 'utf8')) as NodeRecord];
      } catch {
        return [];
      }
    });
}

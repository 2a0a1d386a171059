// A network of real processes of two builds under one folder: each is started from the root of either, stopped, and started again from the other.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { iogClient, type IogClient } from '@iog/client';
import { laptopPolicy, type DeviceId, type Policy } from '@iog/protocol';
import { hashApiSecret } from '@iog/seal';
import { enrol, hostCores } from '@iog/worker';
import { isAlive, readKnown } from '../../crash/light/process.ts';
import { nodesIn } from '../../crash/light/runtime.ts';
import { type Account, newAccount } from '../../crash/network.ts';
import type { UpgradeControlTask } from './entry/control.ts';
import type { UpgradeWorkerTask } from './entry/worker.ts';

const startWithinMs = 30_000;
const patienceMs = 30_000;

/** Waits that a test can bear; minutes stay minutes. Both builds know its fields; what a newer one lacks in it is of the policy of `laptop`. */
export const upgradePolicy: Policy = {
  ...laptopPolicy,
  name: 'upgrade',
  capacity: { memoryKib: 64, passes: 1, links: 1, withinMs: 20_000, validMs: 24 * 3_600_000 },
  session: { beatEveryMs: 500, pulseEveryMs: 1_000, pulseWithinMs: 4_000, silentAfterMs: 6_000, lostAfterMs: 10_000 },
  evidence: { sampleEveryMs: 1_000, windowMs: 5_000, maxGapMs: 15_000, foreignShareMaxPermille: 1_000 },
  cluster: { ...laptopPolicy.cluster, formWithinMs: 30_000, stopWithinMs: 8_000 },
  limits: { ...laptopPolicy.limits, requestsPerMinute: 1_000_000 },
};

export interface Part {
  readonly log: string;
  /** SIGTERM, as an upgrade does, and gone. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}
export interface Home {
  readonly id: DeviceId;
  readonly dir: string;
}

export interface UpgradeNetwork {
  readonly dir: string;
  readonly owner: Account;
  readonly client: IogClient;
  control(root: string): Promise<Part>;
  worker(root: string, home: Home, record?: string): Promise<Part>;
  /** A device of its own, approved; nothing of it runs yet. */
  enrolled(): Promise<Home>;
  /** The file of the store. */
  readonly store: string;
  /** Ends all that still runs. */
  end(): Promise<void>;
}

/** Control of `root` runs once this is over. */
export async function upgradeNetwork(dir: string, policy: Policy = upgradePolicy): Promise<UpgradeNetwork> {
  const owner = await newAccount('owner');
  const firstAccount = { name: owner.name, keyHash: hashApiSecret(owner.key), recipient: owner.recipient };
  const controlDir = path.join(dir, 'control');
  fs.mkdirSync(controlDir, { recursive: true, mode: 0o700 });
  const parts: Part[] = [];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const client = iogClient({ url, key: owner.key, patienceMs });
  const start = async (entry: 'control' | 'worker', task: object, log: string): Promise<Part> => {
    const part = await startPart(entry, task, log);
    parts.push(part);
    return part;
  };
  let devices = 0;
  return {
    dir,
    owner,
    client,
    store: path.join(controlDir, 'control.sqlite'),
    control: (root) => {
      const task: UpgradeControlTask = { root, dir: controlDir, host: '127.0.0.1', port, name: 'upgrade', policy, firstAccount };
      return start('control', task, path.join(dir, 'control.log'));
    },
    worker: (root, home, record) => {
      const task: UpgradeWorkerTask = { root, dir: home.dir, url, rootPid: process.pid, ...(record === undefined ? {} : { record }) };
      return start('worker', task, `${home.dir}.log`);
    },
    async enrolled() {
      const home = path.join(dir, `worker-${++devices}`);
      const core = hostCores()[devices % hostCores().length] ?? 0;
      const units = { cores: [core], memoryBytes: 4_000_000_000, diskBytes: 1_000_000_000, gpus: [] };
      const { code, approved } = await enrol({ dir: home, url, name: `device-${devices}`, units, runtime: 'process' });
      await client.call('device.approve', { body: { code } });
      return { id: await approved(AbortSignal.timeout(patienceMs)), dir: home };
    },
    async end() {
      client.close();
      await Promise.all(parts.map((part) => part.kill()));
      for (let i = 1; i <= devices; i++) endNodes(path.join(dir, `worker-${i}`));
    },
  };
}

/** Light nodes and their jobs outlive their worker. */
export function endNodes(home: string): void {
  const nodes = path.join(home, 'light-nodes');
  const jobs = fs.globSync(path.join(nodes, '*/jobs/*/job.json')).flatMap((file) => readKnown(file) ?? []);
  for (const { pid } of [...nodesIn(nodes), ...jobs].filter(isAlive)) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

async function startPart(entry: 'control' | 'worker', task: object, logFile: string): Promise<Part> {
  const log = fs.openSync(logFile, 'a', 0o600);
  const started = spawn(process.execPath, [path.join(import.meta.dirname, `entry/${entry}.ts`), JSON.stringify(task)], {
    stdio: ['ignore', log, log, 'ipc'],
  });
  fs.closeSync(log);
  const gone = new Promise<void>((resolve) => started.once('exit', () => resolve()));
  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    if (started.exitCode === null && started.signalCode === null) started.kill(signal);
    await gone;
  };
  await isUp(started, `${entry}: see ${logFile}`);
  return { log: logFile, stop: () => ended('SIGTERM'), kill: () => ended('SIGKILL') };
}

function isUp(started: ChildProcess, name: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`not up in ${startWithinMs} ms: ${name}`)), startWithinMs);
  started.on('message', ({ up, failed }: { up?: object; failed?: { message: string } }) => {
    if (up !== undefined) resolve();
    if (failed !== undefined) reject(new Error(`${name}: ${failed.message}`));
  });
  started.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal} before it was up: ${name}`)));
  return promise.finally(() => clearTimeout(late));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

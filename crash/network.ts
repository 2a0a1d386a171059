// A network of real processes under one folder: one control or, over a server, several; some workers, light nodes or real Ray. The harness kills them and starts them again.
import fs from 'node:fs';
import path from 'node:path';
import { iogClient, type IogClient } from '@iog/client';
import { type StoreChoice, readRows } from '@iog/control';
import type { Row, RowMap } from '@iog/core';
import type { DeviceId, Policy } from '@iog/protocol';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { enrol, hostCores } from '@iog/worker';
import { type TestServer, testServer } from '../packages/control/src/store/postgres/test/server.ts';
import { type Child, startChild } from './child.ts';
import type { ControlTask } from './entry/control.ts';
import type { WorkerTask } from './entry/worker.ts';

const coresPerDevice = 2;
const bytesPerDevice = 4_000_000_000;
const patienceMs = 30_000;

export interface Account {
  readonly name: string;
  readonly key: string;
  readonly ageIdentity: string;
  readonly recipient: string;
}

export interface Device {
  readonly id: DeviceId;
  readonly dir: string;
  child: Child;
}

export interface CrashNetwork {
  readonly dir: string;
  readonly policy: Policy;
  readonly owner: Account;
  readonly devices: readonly Device[];
  readonly urls: readonly string[];
  readonly controls: readonly Child[];
  /** The database server that the store is in; undefined for a store that is a file. */
  readonly server: TestServer | undefined;
  /** Through one of the controls, turn by turn. */
  client(account: Account): IogClient;
  /** The rows of some kinds, or all, of one moment. */
  rows<K extends Row['kind']>(...kinds: readonly K[]): Promise<RowMap[K][]>;
  /** Starts again whatever is dead. */
  revive(): Promise<void>;
  stop(): Promise<void>;
}

export interface NetworkWish {
  readonly dir: string;
  readonly policy: Policy;
  readonly workers: number;
  readonly python: string | null;
  readonly store: StoreChoice['kind'];
  /** More than one only over a server. */
  readonly controls: number;
}

export async function startNetwork({ dir, policy, workers, python, store, controls: count }: NetworkWish): Promise<CrashNetwork> {
  const owner = await newAccount('owner');
  const firstAccount = { name: owner.name, keyHash: hashApiSecret(owner.key), recipient: owner.recipient };
  const server = store === 'postgres' ? await ownServer() : undefined;
  const choice = server && ({ kind: 'postgres', url: server.url('crash') } as const);
  const controlDir = path.join(dir, 'control');
  const {
    controls,
    urls,
    revive: reviveControls,
  } = await startControls(dir, count, {
    host: '127.0.0.1',
    name: 'crash',
    policy,
    firstAccount,
    ...(choice ? { store: choice } : {}),
  });
  const clients: IogClient[] = [];
  const client = (account: Account): IogClient => {
    const made = iogClient({ url: urls[clients.length % urls.length] ?? '', key: account.key, patienceMs });
    clients.push(made);
    return made;
  };
  const startWorker = async (home: string): Promise<Child> => {
    const task: WorkerTask = { dir: home, url: urls.join(','), rootPid: process.pid, python };
    return (await startChild('worker', task, `${home}.log`)).child;
  };
  const supplier = client(owner);
  const devices: Device[] = [];
  for (let i = 0; i < workers; i++) {
    const home = path.join(dir, `worker-${i + 1}`);
    const id = await enrolled(supplier, urls[0] ?? '', home, i);
    devices.push({ id, dir: home, child: await startWorker(home) });
  }
  return {
    dir,
    policy,
    owner,
    devices,
    urls,
    controls,
    server,
    client,
    rows: (...kinds) => rowsOf(choice?.url, path.join(controlDir, 'control.sqlite'), kinds.length === 0 ? undefined : kinds),
    async revive() {
      if (server && !server.isUp()) await server.start();
      await reviveControls();
      await Promise.all(
        devices.map(async (device) => {
          if (device.child.isDead()) device.child = await startWorker(device.dir);
        }),
      );
    },
    async stop() {
      for (const made of clients) made.close();
      await Promise.all([...controls.map((each) => each.kill()), ...devices.map(({ child }) => child.kill())]);
      await server?.stop();
    },
  };
}

interface Controls {
  readonly controls: Child[];
  readonly urls: readonly string[];
  readonly revive: () => Promise<void>;
}

/** The first has the folder of all blobs. */
async function startControls(dir: string, count: number, task: Omit<ControlTask, 'dir' | 'port' | 'blobs'>): Promise<Controls> {
  const first = path.join(dir, 'control');
  fs.mkdirSync(first, { recursive: true, mode: 0o700 });
  const homes = Array.from({ length: count }, (_, i) => (i === 0 ? first : path.join(dir, `control-${i + 1}`)));
  const start = (home: string, port: number) =>
    startChild('control', { ...task, dir: home, port, blobs: path.join(first, 'blobs') }, `${home}.log`);
  const [controls, urls]: [Child[], string[]] = [[], []];
  for (const home of homes) {
    if (home !== first) shareKey(first, home);
    const { child, up } = await start(home, 0);
    controls.push(child);
    urls.push(up['url'] ?? '');
  }
  const revive = async (): Promise<void> => {
    await Promise.all(
      homes.map(async (home, i) => {
        if (controls[i]?.isDead()) controls[i] = (await start(home, Number(new URL(urls[i] ?? '').port))).child;
      }),
    );
  };
  return { controls, urls, revive };
}

/** Controls of one network have one key. */
function shareKey(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true, mode: 0o700 });
  fs.copyFileSync(path.join(from, 'network.key'), path.join(to, 'network.key'));
}

/** However this process ends, its server does too. */
async function ownServer(): Promise<TestServer> {
  const server = await testServer();
  process.once('exit', () => void server.kill());
  return server;
}

async function rowsOf<K extends Row['kind']>(url: string | undefined, file: string, kinds: readonly K[] | undefined): Promise<RowMap[K][]> {
  return readRows(url === undefined ? { kind: 'sqlite', path: file } : { kind: 'postgres', url }, kinds);
}

export async function newAccount(name: string): Promise<Account> {
  const { identity, recipient } = await generateAgeIdentity();
  return { name, key: makeApiSecret(randomBytes(32)), ageIdentity: identity, recipient };
}

/** Devices share the host's cores: what is rented here is bookkeeping, and the more of them want a core, the more they race for it. */
async function enrolled(supplier: IogClient, url: string, dir: string, i: number): Promise<DeviceId> {
  const all = hostCores();
  const cores = Array.from({ length: Math.min(coresPerDevice, all.length) }, (_, n) => all[(i * coresPerDevice + n) % all.length] ?? 0);
  const units = { cores: [...new Set(cores)], memoryBytes: bytesPerDevice, diskBytes: 1_000_000_000, gpus: [] };
  const { code, approved } = await enrol({ dir, url, name: `device-${i + 1}`, units, runtime: 'process', shareCores: true });
  await supplier.call('device.approve', { body: { code } });
  return approved(AbortSignal.timeout(patienceMs));
}

// A whole network on this machine: control and workers as supervised processes, the first account, its profile, test money, devices admitted.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, iogClient, type IogClient } from '@iog/client';
import { laptopPolicy, type DeviceId, type DeviceView } from '@iog/protocol';
import { hashApiSecret } from '@iog/seal';
import { UserError } from '../failure.ts';
import { makePrivateFolder, newProfile, readProfile, writeProfile, type Profile } from '../profile.ts';
import { countOf, formatBytes, formatCores, waitReason } from '../terminal/format.ts';
import { ChildFailure, superviseChild, type Child, type Greeting } from './child.ts';
import { isShared, planHost, type DevicePlan } from './plan.ts';
import { readRecord, writeRecord, type NetworkRecord } from './record.ts';
import { isSupervised } from './running.ts';
import { withStore, withoutStore } from './store-choice.ts';

export interface NetworkOptions {
  readonly home: string;
  readonly dir: string;
  readonly devices: number | undefined;
  readonly port: number | undefined;
  /** The address of a PostgreSQL; else a file. */
  readonly store: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}
export interface Network {
  readonly url: string;
  readonly client: IogClient;
  readonly profile: Profile;
  /** Enrols and starts the devices; resolves when all are admitted. `waiting` hears what it waits for. */
  admitDevices(waiting: (what: string) => void, signal: AbortSignal): Promise<readonly DeviceView[]>;
  /** Ends live clusters, stops workers, then control; leaves no process. */
  stop(): Promise<void>;
}

const inUseRetryMs = 6_000;
const workerStopMs = 30_000;
const controlStopMs = 15_000;
const endClustersMs = 10_000;
const pollMs = 300;

/** Brings control up. Throws UserError when the folder is in use or the port taken. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { home, dir, env, say } = options;
  if (isSupervised(path.join(dir, 'control'))) throw alreadyRunning(dir);
  makePrivateFolder(home);
  makePrivateFolder(dir);
  const { record, profile: before } = await prepare(options);
  const control = await startControlChild(options, record, before);
  const { child, greeting } = control;
  const url = String(greeting['url']);
  const profile = { ...before, url, network: String(greeting['publicKey']) };
  writeProfile(home, profile);
  let kept: NetworkRecord = { ...record, port: Number(new URL(url).port) };
  writeRecord(dir, kept);
  const client = iogClient({ url, key: profile.key });
  const workers: Child[] = [];

  return {
    url,
    client,
    profile,
    async admitDevices(waiting, signal) {
      if (!kept.funded) {
        await drawFaucet(client);
        kept = { ...kept, funded: true };
        writeRecord(dir, kept);
      }
      if (kept.devices.some((plan) => isShared(plan, kept.devices)))
        say('This machine has fewer cores than devices: devices share a core, and compete for it.');
      const ids = await Promise.all(
        kept.devices.map((plan, i) =>
          startDevice(
            { plan, shareCores: isShared(plan, kept.devices), url, client, dir: path.join(dir, `worker-${i + 1}`), env, say },
            workers,
          ),
        ),
      );
      return untilAdmitted(
        client,
        ids.filter((id) => id !== undefined),
        waiting,
        signal,
      );
    },
    async stop() {
      await endClusters(client, say);
      await Promise.all(workers.map((worker) => worker.stop(workerStopMs)));
      await child.stop(controlStopMs);
      client.close();
    },
  };
}

async function prepare({ home, dir, devices, port, store }: NetworkOptions): Promise<{ record: NetworkRecord; profile: Profile }> {
  const known = readRecord(dir);
  const profile = readProfile(home);
  if (known !== undefined) {
    if (devices !== undefined && devices !== known.devices.length) {
      throw new UserError(
        `This network was made with ${known.devices.length} devices.`,
        'Start without --devices, or make another with IOG_HOME set to a new folder.',
      );
    }
    requireSameStore(known, store);
    if (profile === undefined)
      throw new UserError(
        `${home} has lost its profile.json, and with it the key of this network.`,
        'Restore it, or start a new network with IOG_HOME set to a new folder.',
      );
    return { record: known, profile };
  }
  if (profile !== undefined && profile.network !== '') {
    throw new UserError(
      `The profile in ${home} belongs to the network at ${profile.url}.`,
      'Set IOG_HOME to a new folder for a network of your own.',
    );
  }
  const { hostCores, inventory } = await import('@iog/worker');
  const all = await inventory();
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 ? Math.min(limit, all.memoryBytes) : all.memoryBytes;
  const plan = planHost(hostCores(), memoryBytes, devices ?? 2);
  const record = { port: port ?? 0, devices: plan.devices, funded: false, postgres: store !== undefined };
  const fresh = profile ?? (await newProfile(''));
  // Before control knows the key's hash: a crash in between must not leave an account whose key is lost.
  writeProfile(home, fresh);
  writeRecord(dir, record);
  return { record, profile: fresh };
}

function requireSameStore({ postgres }: NetworkRecord, store: string | undefined): void {
  if (postgres && store === undefined)
    throw new UserError('The rows of this network are in PostgreSQL.', 'Say where with --store or IOG_STORE, as at its first start.');
  if (!postgres && store !== undefined)
    throw new UserError(
      'The rows of this network are in a file.',
      'Start without --store and IOG_STORE, or make another network with IOG_HOME set to a new folder.',
    );
}

async function startControlChild(
  options: NetworkOptions,
  record: NetworkRecord,
  profile: Profile,
): Promise<{ child: Child; greeting: Greeting }> {
  const { dir, store, say } = options;
  const until = Date.now() + inUseRetryMs;
  let port = options.port ?? record.port;
  for (;;) {
    const child = superviseChild({
      name: 'control',
      logFile: path.join(dir, 'control.log'),
      env: withStore(options.env, store),
      say,
      words: (greeted) => {
        const same = greeted === undefined ? port : Number(new URL(String(greeted['url'])).port);
        const account = [
          '--first-account',
          'owner',
          '--first-key-hash',
          hashApiSecret(profile.key),
          '--first-recipient',
          profile.ageRecipient,
        ];
        return ['control', '--supervised', '--dir', path.join(dir, 'control'), '--port', String(same), ...account];
      },
    });
    try {
      return { child, greeting: await child.start() };
    } catch (error) {
      if (!(error instanceof ChildFailure)) throw error;
      if (error.code === 'EADDRINUSE' && options.port === undefined && port !== 0) {
        say(`Port ${port}, used before, is taken by another program: taking a free one.`);
        port = 0;
      } else if (error.code !== 'store.in-use' || Date.now() > until) throw refusal(error, dir, port);
      // A supervisor that was killed a moment ago: its control is just ending.
      else await sleep(pollMs);
    }
  }
}

function refusal(error: ChildFailure, dir: string, port: number): Error {
  switch (error.code) {
    case 'store.in-use':
      return alreadyRunning(dir);
    case 'EADDRINUSE':
      return new UserError(`Port ${port} is taken by another program.`, 'Choose another with --port, or leave it out.');
    case 'store.unavailable':
    case 'store.newer':
      return new UserError(`${error.message}.`, 'Correct --store or IOG_STORE.');
    default:
      return new UserError(`Control did not start: ${error.message}.`, `See ${path.join(dir, 'control.log')}, and \`iog doctor\`.`);
  }
}

function alreadyRunning(dir: string): UserError {
  const next = 'Use it as it is, stop it first, or start another with IOG_HOME set to a new folder.';
  return new UserError(`The network in ${dir} is already running.`, next);
}

async function drawFaucet(client: IogClient): Promise<void> {
  try {
    await client.call('faucet.draw', { body: { amountMicro: laptopPolicy.faucetMicro }, idempotencyKey: 'first-faucet-draw' });
  } catch (error) {
    if (!(error instanceof ApiError && error.problem.code === 'faucet.limit')) throw error;
  }
}

interface DeviceStart {
  readonly plan: DevicePlan;
  /** Another device of this machine has a core of this one too. */
  readonly shareCores: boolean;
  readonly url: string;
  readonly client: IogClient;
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

/** Undefined for a device that was removed from the network: it stays out. */
async function startDevice({ plan, shareCores, url, client, dir, env, say }: DeviceStart, workers: Child[]): Promise<DeviceId | undefined> {
  const { enrol, inventory, membership } = await import('@iog/worker');
  makePrivateFolder(dir);
  if (membership(dir)?.removed === true) {
    say(`device ${plan.name}: was removed from the network, and stays out; to enrol it anew: iog worker join --dir ${dir}`);
    return undefined;
  }
  const units = await inventory({ cores: [...plan.cores], memoryBytes: plan.memoryBytes });
  const { code, approved } = await enrol({ dir, url, name: plan.name, units, runtime: 'process', shareCores });
  if (code !== '') await client.call('device.approve', { body: { code } });
  const id = await approved(AbortSignal.timeout(inUseRetryMs * 5));
  const words = ['worker', 'run', '--supervised', '--dir', dir, '--url', url];
  const worker = superviseChild({ name: `worker ${plan.name}`, logFile: `${dir}.log`, env: withoutStore(env), say, words: () => words });
  workers.push(worker);
  await worker.start().catch((error: unknown) => {
    throw error instanceof ChildFailure
      ? new UserError(`The worker ${plan.name} did not start: ${error.message}.`, `See ${dir}.log, and \`iog doctor\`.`)
      : error;
  });
  say(`device ${plan.name}: ${formatCores(units.cores)}, ${formatBytes(units.memoryBytes)}, ${countOf(units.gpus.length, 'GPU')} (${id})`);
  return id;
}

async function untilAdmitted(
  client: IogClient,
  ids: readonly DeviceId[],
  waiting: (what: string) => void,
  signal: AbortSignal,
): Promise<readonly DeviceView[]> {
  for (;;) {
    signal.throwIfAborted();
    const found = await Promise.all(ids.map((device) => client.call('device.show', { params: { device } })));
    const late = found.filter(({ state, connected }) => state === 'waiting' || (state === 'admitted' && !connected));
    if (late.length === 0) return found;
    waiting(
      late
        .map(({ name, connected, waitsFor }) => `${name}: ${waitReason(waitsFor) || (connected ? 'its capacity proof' : 'its session')}`)
        .join('; '),
    );
    await sleep(pollMs, undefined, { signal });
  }
}

/** So that receipts are issued while their leases can still be closed in order. Best effort, bounded. */
async function endClusters(client: IogClient, say: (line: string) => void): Promise<void> {
  const quick = iogClient({
    url: client.url,
    key: client.authorization()['authorization']?.slice('Bearer '.length) ?? '',
    patienceMs: 1_000,
  });
  try {
    const live = (await quick.items('cluster.list', {})).filter(({ state }) => state !== 'ended');
    if (live.length === 0) return;
    say(`ending ${live.length === 1 ? 'the cluster' : `${live.length} clusters`} that still runs`);
    await Promise.all(
      live.filter(({ state }) => state !== 'ending').map(({ id }) => quick.call('cluster.end', { params: { cluster: id }, body: {} })),
    );
    const until = Date.now() + endClustersMs;
    while (Date.now() < until && (await quick.items('cluster.list', {})).some(({ state }) => state !== 'ended')) await sleep(pollMs);
  } catch {
    // Control is gone or busy: its loops settle these clusters at the next start.
  } finally {
    quick.close();
  }
}

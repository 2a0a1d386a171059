// The worker: composes a device's session, runtime, evidence, jobs and tunnel. Nothing here decides; each part does its own.
import { join } from 'node:path';
import { sockets, type DeviceId } from '@iog/protocol';
import { fromHex } from '@iog/seal';
import { type DeviceLock, lockDevice } from './device-lock.ts';
import { realDisk } from './disk.ts';
import { realHost } from './host.ts';
import { authorization, openHttp, signedHttp } from './http.ts';
import { deviceKeys, membership, saveMembership } from './identity/identity.ts';
import { urlsOf, wsUrl } from './network-urls.ts';
import { realClock, realRandom, type Clock, type Log, type Random } from './ports.ts';
import type { RunningNode, Runtime } from './lease/runtime-port.ts';
import type { RayJobs } from './job/ray.ts';
import { processRuntimeOf, rayOf } from './process-runtime.ts';
import { realWire, type Wire } from './session/wire.ts';
import { type TunnelEnd, tunnelEnd } from './tunnel/tunnel-end.ts';
import { Wiring } from './wiring.ts';

export interface WorkerOptions {
  readonly dir: string;
  /** One, or several separated by commas: controls that share a store. */
  readonly url: string;
  /** Where Python and Ray live. */
  readonly python: string;
  readonly log: Log;
  /** Root of all our own processes on this host; their CPU time is `own`. This process by default. */
  readonly rootPid?: number;
  /** Control refuses this device for good, and why: nothing is tried any more. */
  readonly refused?: (code: string, detail: string) => void;
  /** How long a worker before this one may take to end. */
  readonly inUseWithinMs?: number;
  readonly runtime?: Runtime;
  readonly ray?: (node: RunningNode, rayToken: string) => RayJobs;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly wire?: Wire;
}
export interface RunningWorker {
  readonly device: DeviceId;
  connected(): boolean;
  /** `keepNodes`: nodes go on under their keepers, for the next start. Without: every lease here ends, and control is told. */
  stop(options?: { readonly keepNodes?: boolean }): Promise<void>;
}

const usualInUseWithinMs = 10_000;

/** Starts the worker of an enrolled device. Throws when `dir` is enrolled nowhere, DeviceInUse when another worker runs it. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { dir, inUseWithinMs = usualInUseWithinMs } = options;
  const member = membership(dir);
  if (member === undefined || member.device === null) {
    throw new Error(`The device in ${dir} is not enrolled. Run \`iog worker join\` first.`);
  }
  const lock = await lockDevice(dir, inUseWithinMs);
  try {
    return await startHeld(options, { url: member.url, device: member.device, network: member.network }, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function startHeld(
  options: WorkerOptions,
  member: { readonly url: string; readonly device: DeviceId; readonly network: string },
  lock: DeviceLock,
): Promise<RunningWorker> {
  const { device, network } = member;
  const { dir, url, log, clock = realClock, random = realRandom, wire = realWire, rootPid = process.pid } = options;
  const keys = await deviceKeys(dir);
  const plain = openHttp(url);
  const signer = { device, secretKey: keys.secretKey, clock, random };
  const http = signedHttp(plain, signer);
  const runtime = options.runtime ?? processRuntimeOf({ dir: join(dir, 'nodes'), python: options.python, log });
  // Nobody else would end its dialling: what refuses the session refuses the tunnel too.
  let isRefused = false;
  let tunnels: readonly TunnelEnd[] = [];
  const refused = (code: string, detail: string): void => {
    isRefused = true;
    for (const tunnel of tunnels) tunnel.close();
    // Told first: a full disk must not keep the worker here.
    options.refused?.(code, detail);
    if (code === 'device.removed') saveMembership(dir, { url: member.url, network, device, removed: true });
  };
  const wiring = new Wiring({
    dir,
    url,
    device,
    network,
    keys,
    http,
    runtime,
    ray: options.ray ?? rayOf,
    host: realHost(rootPid),
    disk: realDisk,
    refused,
    clock,
    random,
    wire,
    log,
  });

  await wiring.start();
  // One to each control: a renter's client may come through any of them.
  tunnels = urlsOf(url).map((each) =>
    tunnelEnd({
      url: wsUrl(each, sockets.deviceTunnel),
      headers: () => ({ authorization: authorization(signer, 'GET', sockets.deviceTunnel) }),
      lookup: (lease) => {
        const open = wiring.tunnelOf(lease);
        return open === undefined ? undefined : { key: fromHex(open.tunnelKeyHex), ports: open.ports };
      },
      log: (event, fields = {}) => {
        const told = Object.entries(fields).map(([name, value]) => [name, String(value)] as const);
        log({ level: 'info', event, ...Object.fromEntries(told) });
      },
    }),
  );
  if (isRefused) for (const tunnel of tunnels) tunnel.close();
  return {
    device,
    connected: () => wiring.connected,
    async stop({ keepNodes = false } = {}) {
      for (const tunnel of tunnels) tunnel.close();
      await wiring.stop(keepNodes);
      plain.close();
      await lock.release();
    },
  };
}

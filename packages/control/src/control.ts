// Control, composed: store, live state, HTTP, sessions, tunnels and loops over one data directory.
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { type Policy, sockets } from '@iog/protocol';
import { type ClockRow, type KeyRow, type LeaseRow, authorise, createAccount } from '@iog/core';
import { canonical, randomBytes, sha256hex } from '@iog/seal';
import { type Clock, type ControlPorts, type Log, change, newId, usualPeriods } from './ports.ts';
import { localSignals } from './signals.ts';
import { liveDevices } from './fleet/live-devices.ts';
import { openSqlite } from './store/sqlite.ts';
import type { Store } from './store/store.ts';
import { blobStore } from './blobs/blob-store.ts';
import { networkSecrets } from './network-key.ts';
import { tables } from './tables.ts';
import { brain } from './brain.ts';
import { socketLink } from './fleet/device-link.ts';
import { httpServer } from './http/server.ts';
import { serveSockets } from './http/sockets.ts';
import { tunnelSwitchboard } from './tunnel/switchboard.ts';
import { tunnelSocketOptions } from './tunnel/carrier.ts';

export interface ControlSettings {
  readonly dir: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly name: string;
  readonly policy: Policy;
  /** Made where there is no account yet. */
  readonly firstAccount?: { readonly name: string; readonly keyHash: string; readonly recipient: string };
  readonly log: Log;
}

export interface RunningControl {
  readonly url: string;
  readonly publicKey: string;
  stop(): Promise<void>;
}

/** Streams that one client's tunnel may have open at once. */
const streamsPerClient = 256;

/** Starts control. Throws StoreFault `store.in-use` where the directory is taken, an Error with code EADDRINUSE where the port is. */
export async function startControl(settings: ControlSettings): Promise<RunningControl> {
  const store = openSqlite({ path: path.join(settings.dir, 'control.sqlite'), tables });
  try {
    return await startOver(settings, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function startOver(settings: ControlSettings, store: Store): Promise<RunningControl> {
  const { key, pulseSecret } = networkSecrets(settings.dir);
  const { policy, log } = settings;
  const ports: ControlPorts = {
    name: settings.name,
    store,
    blobs: blobStore(path.join(settings.dir, 'blobs')),
    clock: await forwardClock(store, realTimers),
    periods: usualPeriods,
    random: randomBytes,
    key,
    policy,
    policyHash: sha256hex(canonical(policy)),
    currency: policy.currency,
    signals: localSignals(),
    live: liveDevices(),
    log,
  };
  await makeFirstAccount(ports, settings.firstAccount);
  const tunnels = tunnelSwitchboard({
    maxStreamsPerClient: streamsPerClient,
    log: (event, context) => log({ level: 'info', event, ...context }),
  });
  const mind = brain(ports, pulseSecret, (device) => tunnels.dropDevice(device));
  const { access } = mind.desk;
  const app = httpServer(ports, mind.desk);
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: policy.limits.linkMessageBytes });
  const wide = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  serveSockets(app.server, {
    access,
    [sockets.link]: (request, socket, head) => wss.handleUpgrade(request, socket, head, (ws) => mind.hub.accept(socketLink(ws))),
    [sockets.deviceTunnel]: (request, socket, head, who) =>
      wide.handleUpgrade(request, socket, head, (ws) => tunnels.acceptDevice(ws, who.device?.id ?? '')),
    [sockets.clientTunnel]: (request, socket, head, who) =>
      wide.handleUpgrade(request, socket, head, (ws) =>
        tunnels.acceptClient(ws, { mayReach: (lease: string) => reachable(ports, who.key?.id, lease) }),
      ),
  });
  await app.listen({ host: settings.host, port: settings.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.port;
  return {
    url: `http://${settings.host}:${port}`,
    publicKey: key.publicKey,
    async stop() {
      await mind.stop();
      tunnels.close();
      await app.close();
      await store.close();
    },
  };
}

/** UTC time that never goes back, also not over a restart with the clock set back. */
export async function forwardClock(store: Store, { now, after }: Clock): Promise<Clock> {
  const [clock] = await store.load([{ kind: 'clock', id: 'clock' }]);
  let last = (clock?.row as ClockRow | undefined)?.now ?? 0;
  return { now: () => (last = Math.max(last, now())), after };
}

const realTimers: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export async function makeFirstAccount(ports: ControlPorts, first: ControlSettings['firstAccount']): Promise<void> {
  if (!first) return;
  await change(ports, async (read) => {
    const existing = await ports.store.query({ kind: 'account', index: 'all', limit: 1 });
    if (existing.length > 0 || (await read.one('key', first.keyHash))) return { writes: [], value: undefined };
    const wanted = {
      name: first.name,
      recipient: first.recipient,
      key: { name: 'first key', hash: first.keyHash, scopes: ['read', 'rent', 'supply', 'admin'] as const },
    };
    const made = createAccount({
      id: newId(ports, 'acc'),
      keyId: newId(ports, 'key'),
      wanted: { ...wanted, key: { ...wanted.key, scopes: [...wanted.key.scopes] } },
      maker: null,
      now: ports.clock.now(),
    });
    if (!made.ok) throw new Error(`the first account was refused: ${made.rejection.code}`);
    return { writes: made.rows, value: undefined };
  });
}

/** The device of a lease that this key may reach through the tunnel: its account's own, while it lives. Asked for each connection, so that a revoked key opens none. */
async function reachable(ports: ControlPorts, keyHash: string | undefined, leaseId: string): Promise<string | undefined> {
  const [foundKey, found] = await ports.store.load([
    { kind: 'key', id: keyHash ?? '' },
    { kind: 'lease', id: leaseId },
  ]);
  const key = foundKey?.row as KeyRow | undefined;
  const lease = found?.row as LeaseRow | undefined;
  if (!key || authorise(key, 'rent', ports.clock.now())) return undefined;
  return lease && lease.account === key.account && lease.state !== 'settled' ? lease.device : undefined;
}

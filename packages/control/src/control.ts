// Control, composed: store, live state, HTTP, sessions, tunnels and loops over one data directory.
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { type Policy, type Rejection, linkVersions, sockets } from '@iog/protocol';
import { type ClockRow, type KeyRow, type LeaseRow, authorise, capacityObjection, createAccount } from '@iog/core';
import { canonical, randomBytes, sha256hex } from '@iog/seal';
import { type Clock, type ControlPorts, type Log, change, newId } from './ports.ts';
import { localSignals } from './signals.ts';
import { liveDevices } from './fleet/live-devices.ts';
import { capacityVerifier } from './fleet/verify-capacity.ts';
import { sessionHub } from './fleet/session-hub.ts';
import { type StoreChoice, openStore } from './store/choose.ts';
import type { Store } from './store/store.ts';
import { blobStore } from './blobs/blob-store.ts';
import { networkSecrets } from './network-key.ts';
import { tables } from './tables.ts';
import { type Handlers, httpServer } from './http/server.ts';
import { door } from './http/access.ts';
import { serveSockets } from './http/sockets.ts';
import { tunnelSwitchboard } from './tunnel/switchboard.ts';
import { tunnelSocketOptions } from './tunnel/carrier.ts';
import { answer } from './command.ts';
import { identityHandlers } from './identity/handlers.ts';
import { keyWatch } from './identity/key-watch.ts';
import { fleetHandlers } from './fleet/handlers.ts';
import { marketHandlers } from './market/handlers.ts';
import { clusterHandlers } from './cluster/handlers.ts';
import { ledgerHandlers } from './ledger/handlers.ts';
import { blobHandlers } from './blobs/handlers.ts';
import { clusterLoop } from './cluster/cluster-loop.ts';
import { minuteLoop } from './timelock/minute-loop.ts';
import { housekeepingLoop } from './housekeeping.ts';

export interface ControlSettings {
  /** The network's key, blobs, and the store unless it is elsewhere. One process has it. */
  readonly dir: string;
  readonly store?: StoreChoice;
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
  const store = await openStore(settings.dir, settings.store, tables);
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
  const objection = capacityObjection(policy);
  if (objection) throw new Error(`the policy ${policy.name} cannot be run: ${objection}`);
  const clock = await forwardClock(store);
  const verifier = capacityVerifier(randomBytes);
  const ports: ControlPorts = {
    name: settings.name,
    store,
    blobs: blobStore(path.join(settings.dir, 'blobs')),
    clock,
    random: randomBytes,
    key,
    policy,
    policyHash: sha256hex(canonical(policy)),
    currency: policy.currency,
    signals: localSignals(),
    live: liveDevices({ since: clock.now(), reconnectMs: policy.session.lostAfterMs }),
    verifyCapacity: verifier.verify,
    log,
  };
  await makeFirstAccount(ports, settings.firstAccount);
  const hub = sessionHub(ports, pulseSecret);
  const tunnels = tunnelSwitchboard({
    maxStreamsPerClient: streamsPerClient,
    log: (event, context) => log({ level: 'info', event, ...context }),
  });
  const drop = (device: string, rejection: Rejection): void => {
    hub.drop(device, rejection);
    tunnels.dropDevice(device);
  };
  const keys = keyWatch(ports);
  const access = door(ports, keys.watch);
  const app = httpServer(ports, handlersOf(ports, drop), access);
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: policy.limits.linkMessageBytes });
  const wide = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  serveSockets(app.server, {
    access,
    [sockets.link]: (request, socket, head) => wss.handleUpgrade(request, socket, head, (ws) => hub.accept(ws)),
    [sockets.deviceTunnel]: (request, socket, head, who) =>
      wide.handleUpgrade(request, socket, head, (ws) => tunnels.acceptDevice(ws, who.device?.id ?? '')),
    [sockets.clientTunnel]: (request, socket, head, who) =>
      wide.handleUpgrade(request, socket, head, (ws) => {
        tunnels.acceptClient(ws, { mayReach: (lease: string) => reachable(ports, who.key?.id, lease) });
        const unwatch = keys.watch(who.key?.id ?? '', 'rent', () => ws.terminate());
        ws.once('close', unwatch);
      }),
  });
  await app.listen({ host: settings.host, port: settings.port });
  const loops = [clusterLoop(ports), minuteLoop(ports), housekeepingLoop(ports)];
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.port;
  return {
    url: `http://${settings.host}:${port}`,
    publicKey: key.publicKey,
    async stop() {
      await Promise.all(loops.map((each) => each.stop()));
      hub.stop();
      await verifier.stop();
      tunnels.close();
      keys.stop();
      await app.close();
      await store.close();
    },
  };
}

function handlersOf(ports: ControlPorts, drop: (device: string, rejection: Rejection) => void): Handlers {
  return {
    'network.show': () =>
      Promise.resolve(
        answer({
          name: ports.name,
          version: `link ${linkVersions.min} to ${linkVersions.max}`,
          publicKey: ports.key.publicKey,
          policy: ports.policyHash,
          policyName: ports.policy.name,
          currency: ports.currency,
          notice: ports.policy.notice,
          now: ports.clock.now(),
        }),
      ),
    ...identityHandlers(ports),
    ...fleetHandlers(ports, drop),
    ...marketHandlers(ports),
    ...clusterHandlers(ports),
    ...ledgerHandlers(ports),
    ...blobHandlers(ports),
    // Events are streamed by the HTTP edge itself; see http/events.ts.
    'cluster.events': () => Promise.reject(new Error('events are streamed')),
  };
}

/** UTC time that never goes back, also not over a restart with the clock set back. */
async function forwardClock(store: Store): Promise<Clock> {
  const [clock] = await store.load([{ kind: 'clock', id: 'clock' }]);
  let last = (clock?.row as ClockRow | undefined)?.now ?? 0;
  return { now: () => (last = Math.max(last, Date.now())) };
}

async function makeFirstAccount(ports: ControlPorts, first: ControlSettings['firstAccount']): Promise<void> {
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

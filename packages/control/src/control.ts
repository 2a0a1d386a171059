// Control, composed: store, live state, HTTP, sessions, tunnels and loops over one data directory.
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import { type Policy, sockets } from '@iog/protocol';
import { type KeyRow, type LeaseRow, authorise, capacityObjection } from '@iog/core';
import { canonical, randomBytes, sha256hex } from '@iog/seal';
import { type ControlPorts, type Log, type Periods, usualPeriods } from './ports.ts';
import { localSignals } from './signals.ts';
import { type LiveDevices, liveDevices } from './fleet/live-devices.ts';
import { capacityVerifier } from './fleet/verify-capacity.ts';
import { type StoreChoice, openStore } from './store/choose.ts';
import type { Store } from './store/store.ts';
import { blobStore } from './blobs/blob-store.ts';
import { networkSecrets } from './network-key.ts';
import { joinReplicas } from './replica/membership.ts';
import { replicaId } from './replica/replica-id.ts';
import { tables } from './tables.ts';
import { forwardClock, realClock } from './clock.ts';
import { type FirstAccount, makeFirstAccount } from './identity/first-account.ts';
import { type Brain, brain } from './brain.ts';
import { requireWhole } from './backup/restore-backup.ts';
import { socketLink } from './fleet/device-link.ts';
import { httpServer } from './http/server.ts';
import { networkOf } from './http/rate-limit.ts';
import { type SocketDoors, addressOf, serveSockets } from './http/sockets.ts';
import { type OpenPlaces, openPlaces } from './http/open-places.ts';
import { tunnelSwitchboard } from './tunnel/switchboard.ts';
import { tunnelSocketOptions } from './tunnel/carrier.ts';
import { watchLag } from './http/lag-watch.ts';
import { serveDocuments } from './http/documents.ts';
import { serveOperator } from './http/operator.ts';
import { requestIds } from './http/request-id.ts';
import { traffic } from './http/traffic.ts';
import { endInOrder } from './ending.ts';
import { declareGauges } from './metrics/gauges.ts';
import { meteredStore } from './metrics/metered-store.ts';
import { prometheusMeter } from './metrics/prometheus.ts';
import { type KeyWatch, keyWatch } from './identity/key-watch.ts';

export interface ControlSettings {
  /** The network's key, blobs, and the store unless it is elsewhere. One process has it. */
  readonly dir: string;
  /** A folder that all replicas of one store share; without it, blobs lie in `dir`. */
  readonly blobs?: string;
  readonly store?: StoreChoice;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly name: string;
  readonly policy: Policy;
  /** Made where there is no account yet. */
  readonly firstAccount?: FirstAccount;
  readonly periods?: Periods;
  /** A proxy on this machine asks for others, and says in X-Forwarded-For for whom. */
  readonly behindProxy?: boolean;
  /** Which devices are in a session: this process's own sessions, unless a bench says it of a market that it invents. */
  readonly live?: LiveDevices;
  readonly log: Log;
}

export interface RunningControl {
  readonly url: string;
  readonly publicKey: string;
  /** Resolves once it has stopped; rejects, then, with the reason where it stopped by itself: its data directory runs elsewhere too. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Streams that one client's tunnel may have open at once. */
const streamsPerClient = 256;

/** Starts control. Throws StoreFault `store.in-use` where the directory is taken, an Error with code EADDRINUSE where the port is. */
export async function startControl(settings: ControlSettings): Promise<RunningControl> {
  requireWhole(settings.dir);
  const store = await openStore(settings.dir, settings.store, tables);
  try {
    return await startOver(settings, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function startOver(settings: ControlSettings, opened: Store): Promise<RunningControl> {
  const meter = prometheusMeter();
  const store = meteredStore(opened, meter);
  const { policy, log, periods = usualPeriods } = settings;
  const objection = capacityObjection(policy);
  if (objection) throw new Error(`the policy ${policy.name} cannot be run: ${objection}`);
  const { key, pulseSecret } = await networkSecrets(settings.dir, { store });
  const clock = await forwardClock(store, realClock);
  const reconnectMs = policy.session.lostAfterMs;
  const { promise: over, resolve: superseded } = Promise.withResolvers<Error>();
  const joining = { id: replicaId(settings.dir), leaseMs: periods.replicaLeaseMs, reconnectMs, superseded };
  const replica = await joinReplicas({ store, clock, log }, joining);
  const verifier = capacityVerifier(randomBytes);
  const ports: ControlPorts = {
    name: settings.name,
    store,
    blobs: blobStore(settings.blobs ?? path.join(settings.dir, 'blobs')),
    clock,
    periods,
    random: randomBytes,
    key,
    policy,
    policyHash: sha256hex(canonical(policy)),
    currency: policy.currency,
    signals: localSignals(),
    live: settings.live ?? liveDevices(),
    replica,
    verifyCapacity: verifier.verify,
    log,
    meter,
  };
  await makeFirstAccount(ports, settings.firstAccount);
  const tunnels = tunnelSwitchboard({
    maxStreamsPerClient: streamsPerClient,
    log: (event, context) => log({ level: 'info', event, ...context }),
  });
  const mind = brain(ports, pulseSecret, (device) => tunnels.dropDevice(device));
  const keys = keyWatch(ports);
  const lag = watchLag();
  const crowd = traffic(meter, { ...lag, commitsWaiting: store.commitsWaiting });
  const places = openPlaces();
  const app = httpServer(ports, mind.desk, keys.watch, crowd, places, settings.behindProxy);
  declareGauges(meter, ports, { mind, store, crowd, lag });
  serveOperator(app, ports, { meter, access: mind.desk.access, loops: mind.loops, isStopping: crowd.isStopping });
  serveDocuments(app);
  serveSockets(
    app.server,
    doorsOf(ports, { mind, tunnels, places, watch: keys.watch, behindProxy: settings.behindProxy === true }),
    crowd.isStopping,
    requestIds(ports),
  );
  const closeRest = async (): Promise<void> => {
    await verifier.stop();
    tunnels.close();
    keys.stop();
    lag.stop();
  };
  const port = await listening(app, settings, async () => {
    await mind.stop();
    await closeRest();
  });
  mind.begin();
  return {
    url: `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`,
    publicKey: key.publicKey,
    ...endOnce(() => endInOrder({ crowd, mind, app, store, log, closeRest }), over),
  };
}

/** The port that it listens at. Where it is refused, what was begun is undone: timers would keep the process. */
async function listening(app: FastifyInstance, { host, port }: ControlSettings, undo: () => Promise<void>): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await undo();
    throw error;
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Ends when told to, and by itself once it is `over`. */
function endOnce(end: () => Promise<void>, over: Promise<Error>): Pick<RunningControl, 'ended' | 'stop'> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  let ending: Promise<void> | undefined;
  let reason: Error | undefined;
  const settle = (): void => (reason ? reject(reason) : resolve());
  const stop = (): Promise<void> => {
    if (ending) return ending;
    ending = end();
    void ending.then(settle, settle);
    return ending;
  };
  void over.then((why) => {
    reason = why;
    // How it failed to stop matters less than why it had to.
    return stop().catch(() => undefined);
  });
  return { ended, stop };
}

interface Behind {
  readonly mind: Brain;
  readonly tunnels: ReturnType<typeof tunnelSwitchboard>;
  readonly places: OpenPlaces;
  readonly watch: KeyWatch['watch'];
  readonly behindProxy: boolean;
}

function doorsOf(ports: ControlPorts, { mind, tunnels, places, watch, behindProxy }: Behind): SocketDoors {
  const maxPayload = ports.policy.limits.linkMessageBytes;
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false, maxPayload });
  const wide = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  return {
    access: mind.desk.access,
    behindProxy,
    late: mind.desk.lateness,
    [sockets.link]: (request, socket, head) => {
      const network = networkOf(addressOf(request, behindProxy));
      wss.handleUpgrade(request, socket, head, (ws) => mind.hub.accept(socketLink(ws, network)));
      return undefined;
    },
    [sockets.deviceTunnel]: (request, socket, head, who) => {
      wide.handleUpgrade(request, socket, head, (ws) => tunnels.acceptDevice(ws, who.device?.id ?? ''));
      return undefined;
    },
    [sockets.clientTunnel]: (request, socket, head, who) => {
      const full = places.hold('tunnels', who.key?.account ?? '', socket);
      if (full) return full;
      wide.handleUpgrade(request, socket, head, (ws) => {
        tunnels.acceptClient(ws, { mayReach: (lease: string) => reachable(ports, who.key?.id, lease) });
        const unwatch = watch(who.key?.id ?? '', 'rent', () => ws.terminate());
        ws.once('close', unwatch);
      });
      return undefined;
    },
  };
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

// Control below its sockets: what answers requests, holds sessions and runs the loops. A simulation enters the network here.
import { type Rejection, linkVersions } from '@iog/protocol';
import type { ControlPorts } from './ports.ts';
import { answer } from './command.ts';
import { type Desk, type Handlers, desk } from './http/answer.ts';
import { type SessionHub, sessionHub } from './fleet/session-hub.ts';
import { identityHandlers } from './identity/handlers.ts';
import { fleetHandlers } from './fleet/handlers.ts';
import { marketHandlers } from './market/handlers.ts';
import { type MarketPorts, marketOf } from './market/market.ts';
import { priceBookHandlers } from './market/price-books.ts';
import { type MarketSurvey, marketSurvey, priceHandlers } from './market/price-history.ts';
import { sweepLoop } from './market/sweep-loop.ts';
import { clusterHandlers } from './cluster/handlers.ts';
import { ledgerHandlers } from './ledger/handlers.ts';
import { blobHandlers } from './blobs/handlers.ts';
import { clusterLoop } from './cluster/cluster-loop.ts';
import { minuteLoop } from './timelock/minute-loop.ts';
import { type UptimeBook, uptimeBook } from './fleet/uptime-book.ts';
import type { Loop } from './loop.ts';
import { housekeepingLoop } from './housekeeping.ts';
import { writePresences } from './replica/presence.ts';
import { replicaLoop } from './replica/replica-loop.ts';

export interface Brain {
  readonly desk: Desk;
  readonly hub: SessionHub;
  /** Starts the loops. */
  begin(): void;
  /** Those that run, for whoever asks whether they go on. */
  loops(this: void): readonly Loop[];
  /** Ends the loops after the steps that run, then every session. */
  stop(): Promise<void>;
}

/** `dropped` is told of each device that is removed, after its session has ended. */
export function brain(bare: ControlPorts, pulseSecret: Uint8Array, dropped: (device: string) => void): Brain {
  const market = marketOf(bare);
  const ports: MarketPorts = { ...bare, store: market.store, market };
  const rooms: Rooms = { seen: marketSurvey(ports), uptime: uptimeBook(ports) };
  const hub = sessionHub(ports, pulseSecret, rooms.uptime.mark);
  const drop = (device: string, rejection: Rejection): void => {
    hub.drop(device, rejection);
    dropped(device);
  };
  let loops: readonly Loop[] = [];
  return {
    desk: desk(ports, handlersOf(ports, rooms, drop)),
    hub,
    loops: () => loops,
    begin() {
      const [clusters, minutes] = [clusterLoop(ports), minuteLoop(ports)];
      const gained = (): void => {
        clusters.wake();
        minutes.wake();
      };
      loops = [
        replicaLoop(ports, { look: () => hub.look(drop), gained }),
        clusters,
        minutes,
        housekeepingLoop(ports),
        sweepLoop(ports, rooms.seen),
        rooms.uptime.loop(),
      ];
    },
    async stop() {
      await Promise.all(loops.map((each) => each.stop()));
      await hub.stop();
      await rooms.uptime.flush().catch((error: unknown) => ports.log({ level: 'warn', event: 'uptime.unwritten', error: String(error) }));
      // The loop that wrote them has ended: the last words of the sessions are told before the others take over.
      if (ports.replica.areOthers())
        await writePresences(ports, { all: true }).catch((error: unknown) =>
          ports.log({ level: 'warn', event: 'replica.untold', error: String(error) }),
        );
      await ports.replica.leave().catch((error: unknown) => ports.log({ level: 'warn', event: 'replica.left', error: String(error) }));
    },
  };
}

interface Rooms {
  readonly seen: MarketSurvey;
  readonly uptime: UptimeBook;
}

function handlersOf(ports: MarketPorts, { seen, uptime }: Rooms, drop: (device: string, rejection: Rejection) => void): Handlers {
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
    ...fleetHandlers(ports, uptime, drop),
    ...marketHandlers(ports),
    ...priceHandlers(ports, seen),
    ...priceBookHandlers(ports),
    ...clusterHandlers(ports),
    ...ledgerHandlers(ports),
    ...blobHandlers(ports),
    // Events are streamed by whoever holds the connection; see http/events.ts.
    'cluster.events': () => Promise.reject(new Error('events are streamed')),
  };
}

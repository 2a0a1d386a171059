// Sessions of devices, all of them: links come in, are greeted, become sessions, and end. One timer wakes for all.
import type { Rejection } from '@iog/protocol';
import type { ControlPorts } from '../ports.ts';
import { stopLimits } from '../limits.ts';
import { allowances } from './allowances.ts';
import { capacityDemands } from './capacity.ts';
import type { DeviceLink } from './device-link.ts';
import { closeAll, goodbye, turnAway } from './goodbye.ts';
import { greet } from './greeting.ts';
import { helloGate } from './hello-gate.ts';
import { lookAtRows } from './look.ts';
import { type Room, type Session, end, pushAssignments } from './session.ts';
import { strangers } from './strangers.ts';
import { coarseTimers, every, within } from './timing.ts';

export interface SessionHub {
  accept(link: DeviceLink): void;
  /** Ends a device's session, with the reason told. */
  drop(device: string, rejection: Rejection): void;
  /** Sessions that are open, and messages of theirs that wait. */
  load(): { readonly sessions: number; readonly queued: number };
  /** Looks at the rows of all devices in a session: what another replica changed is told to them, who has gone there is let go. */
  look(removed: (device: string, rejection: Rejection) => void): Promise<void>;
  /** Takes in the messages that have come, says goodbye, and resolves once every link is closed. */
  stop(): Promise<void>;
}

const forgetEveryMs = 60_000;

/** `present` is told of each device that is in a session, again and again. */
export function sessionHub(ports: ControlPorts, pulseSecret: Uint8Array, present: Room['present'] = () => undefined): SessionHub {
  const sessions = new Map<string, Session>();
  const links = new Set<DeviceLink>();
  const timers = coarseTimers(ports.clock, grainOf(ports.policy.session.beatEveryMs));
  const gate = helloGate(ports.clock);
  const places = strangers();
  const room: Room = {
    ports,
    pulseSecret,
    sessions,
    timers,
    present,
    capacity: capacityDemands(ports),
    allowances: allowances(),
    isStopping: false,
  };
  const offDevice = ports.signals.on('device', (device, trace) => void pushAssignments(room, device, trace));
  const stopForgetting = every(timers, forgetEveryMs, () => room.allowances.forget(ports.clock.now()));
  return {
    accept(link) {
      if (room.isStopping) return link.terminate();
      const leave = places.enter(link.network);
      if (leave) return greet(room, gate, links, link, leave);
      ports.meter.count('hellos_put_off', {});
      return turnAway(link);
    },
    drop(device, rejection) {
      const session = sessions.get(device);
      if (session) end(room, session.link, rejection);
    },
    load: () => ({ sessions: sessions.size, queued: sessions.values().reduce((sum, { queued }) => sum + queued, 0) }),
    look: (removed) =>
      lookAtRows(ports, [...sessions.values()], {
        moved: ({ link }) => link.terminate(),
        ended: ({ device }, why) => removed(device, why),
        changed: ({ device }) => void pushAssignments(room, device),
      }),
    async stop() {
      offDevice();
      stopForgetting();
      room.isStopping = true;
      for (const session of sessions.values()) session.stop();
      await within(ports.clock, stopLimits.sessionsMs, Promise.all([...sessions.values()].map(({ queue }) => queue)));
      for (const session of sessions.values()) goodbye(session.link, session.version);
      await closeAll(links, ports.clock);
    },
  };
}

/** In what steps sessions are looked at: fine beside a beat, and coarse enough that those of one moment share a timer. */
function grainOf(beatEveryMs: number): number {
  return Math.min(1_000, Math.max(5, Math.floor(beatEveryMs / 16)));
}

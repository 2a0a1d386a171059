// What this replica knows of its devices, written down for the others while others live; and what the others wrote, read back.
import type { DeviceId } from '@iog/protocol';
import { type DeviceRow, type PresenceRow, blankPresence, isPresent, mergePresence, openPresence, absentSince } from '@iog/core';
import { type ControlPorts, type Read, change } from '../ports.ts';
import { markOf } from '../fleet/live-devices.ts';
import { all } from '../cluster/account.ts';

type Ports = Pick<ControlPorts, 'store' | 'clock' | 'live' | 'replica' | 'policy'>;

const looksAtOnce = 500;
const writesAtOnce = 50;
/** How old what is written of a device may grow while only its last words change: others wait for what is told of a leased one. */
const seenSteps = { leasedMs: 4_000, idleMs: 30_000 } as const;

/** All that is known of a device: what is written, with this replica's own memory over it. Undefined: nobody has ever held it. */
export async function presenceOf(ports: Ports, read: Read, device: DeviceId): Promise<PresenceRow | undefined> {
  return known(ports, await read.one('presence', device), device);
}

function known(ports: Ports, written: PresenceRow | undefined, device: DeviceId): PresenceRow | undefined {
  const own = ports.live.presence(device, ports.replica, ports.policy.session.pulseWithinMs, ports.clock.now());
  if (!written || !own) return own ?? written;
  return mergePresence(written, own);
}

/** Within the commit that opens a session: since when the device was away, and the row that the others read, where there are or were any. */
export async function noteOpening(
  ports: Ports,
  read: Read,
  { id, epoch }: DeviceRow,
): Promise<{ readonly absentSince: number | null; readonly rows: readonly PresenceRow[] }> {
  const { replica, clock } = ports;
  const written = await read.one('presence', id);
  const before = known(ports, written, id);
  const watch = replica.watch();
  const now = clock.now();
  const times = { from: now, seenAt: now, writtenAt: now, settledTo: now, closedAt: null };
  const opened = openPresence(before ?? blankPresence(id), { replica: replica.id, life: replica.generation, epoch, ...times }, watch);
  return { absentSince: absentSince(before, watch), rows: written || replica.areOthers() ? [opened] : [] };
}

/**
 * Writes down the devices that are or were in a session here, where there is something new to tell since they were last written; `all`: also
 * where there is not, because what was written may be gone.
 */
export async function writePresences(ports: Ports, { all: isAll }: { readonly all: boolean }): Promise<void> {
  const unwritten = ports.live.unwritten();
  for (let at = 0; at < unwritten.length; at += looksAtOnce) {
    const devices = unwritten.slice(at, at + looksAtOnce);
    const found = await ports.store.load(devices.map((id) => ({ kind: 'device', id })));
    const leased = new Set(
      found.filter((each) => ((each?.row as DeviceRow | undefined)?.live.length ?? 0) > 0).map((each) => each?.row.id),
    );
    const due = devices.filter((id) => isAll || isDue(ports, id, leased.has(id)));
    for (let from = 0; from < due.length; from += writesAtOnce) await writeSome(ports, due.slice(from, from + writesAtOnce), leased);
  }
}

function isDue({ live, clock }: Ports, device: DeviceId, isLeased: boolean): boolean {
  const own = live.get(device);
  if (!own?.wrote || own.closedAt !== null) return true;
  const agedMs = clock.now() - own.wrote.at;
  // Pulses are evidence of leases alone.
  return isLeased ? agedMs >= seenSteps.leasedMs || markOf(own) !== own.wrote.mark : agedMs >= seenSteps.idleMs;
}

async function writeSome(ports: Ports, devices: readonly DeviceId[], leased: ReadonlySet<string | undefined>): Promise<void> {
  const written = await change(ports, async (read) => {
    await read.many('presence', devices);
    const rows: PresenceRow[] = [];
    for (const device of devices) {
      const row = await presenceOf(ports, read, device);
      if (row) rows.push(leased.has(device) ? row : { ...row, pulses: [] });
    }
    return { writes: rows, value: rows };
  });
  ports.live.written(written, ports.replica);
}

/** Where the devices are that are not here: a hint for placement and for whoever looks. */
export async function readPresences(ports: Ports): Promise<void> {
  const rows = await all<PresenceRow>(ports.store, 'presence', 'all');
  const watch = ports.replica.watch();
  ports.live.heard(
    rows.flatMap((row) => {
      const last = row.sessions.at(-1);
      if (!last || last.replica === ports.replica.id) return [];
      return [{ device: row.id, epoch: last.epoch, connected: isPresent(row, watch), lastSeenAt: last.seenAt, rttMs: row.rttMs }];
    }),
  );
}

// Sessions look at their devices' rows, which another replica may have changed: a few loads for all of them.
import type { DeviceId, Rejection } from '@iog/protocol';
import type { DeviceRow } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import { assignmentsOf } from './assignments.ts';

export interface Looked {
  readonly device: DeviceId;
  readonly epoch: number;
  /** The assignments that it was sent last, as text. */
  readonly sent: string;
}

export interface Found<S> {
  /** Another session of the device is open, in another replica. */
  readonly moved: (session: S) => void;
  readonly ended: (session: S, why: Rejection) => void;
  /** Its assignments are no longer those that it was sent. */
  readonly changed: (session: S) => void;
}

const devicesAtOnce = 500;

export async function lookAtRows<S extends Looked>(ports: Pick<ControlPorts, 'store'>, all: readonly S[], found: Found<S>): Promise<void> {
  for (let at = 0; at < all.length; at += devicesAtOnce) await lookAtSome(ports, all.slice(at, at + devicesAtOnce), found);
}

async function lookAtSome<S extends Looked>(
  ports: Pick<ControlPorts, 'store'>,
  sessions: readonly S[],
  { moved, ended, changed }: Found<S>,
): Promise<void> {
  const loaded = await ports.store.load(sessions.map(({ device }) => ({ kind: 'device', id: device })));
  const rows = new Map(loaded.flatMap((each) => (each ? [[each.row.id, each.row as DeviceRow] as const] : [])));
  const busy: S[] = [];
  for (const session of sessions) {
    const device = rows.get(session.device);
    if (device?.state === 'removed') ended(session, { code: 'device.removed', context: { device: device.id } });
    else if (device && device.epoch > session.epoch) moved(session);
    else if (device && (device.live.length > 0 || session.sent !== '[]')) busy.push(session);
  }
  const assigned = await assignmentsOf(
    ports,
    busy.map(({ device }) => device),
  );
  for (const session of busy) {
    const assignments = assigned.get(session.device);
    if (assignments && JSON.stringify(assignments) !== session.sent) changed(session);
  }
}

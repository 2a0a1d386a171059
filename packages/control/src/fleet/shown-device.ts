// A device as its owner sees it now: its row, and whether it is connected.
import type { DeviceView } from '@iog/protocol';
import { type DeviceRow, deviceView } from '@iog/core';
import type { ControlPorts } from '../ports.ts';

export function shownDevice({ live, clock, policy }: ControlPorts, device: DeviceRow): DeviceView {
  const { connected = false, lastSeenAt = null } = live.seen(device.id) ?? {};
  return deviceView(device, { connected, lastSeenAt }, clock.now(), policy);
}

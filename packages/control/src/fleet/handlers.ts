// fleet over HTTP: how a device enters, and how its owner steers it.
import type { Rejection } from '@iog/protocol';
import type { ControlPorts } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type DeviceRoute, deviceRoutes } from './device-handlers.ts';
import { type EnrolmentRoute, enrolmentRoutes } from './enrolment-handlers.ts';

/** `drop` ends the session of a device that is removed. */
export function fleetHandlers(
  ports: ControlPorts,
  drop: (device: string, rejection: Rejection) => void,
): Pick<Handlers, EnrolmentRoute | DeviceRoute> {
  return { ...enrolmentRoutes(ports), ...deviceRoutes(ports, drop) };
}

// fleet over HTTP: how a device enters, and how its owner steers it.
import type { Rejection } from '@iog/protocol';
import type { ControlPorts } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type DeviceRoute, deviceRoutes } from './device-handlers.ts';
import { type EnrolmentRoute, enrolmentRoutes } from './enrolment-handlers.ts';
import type { UptimeBook } from './uptime-book.ts';
import { type JoinTokenRoute, joinTokenRoutes } from './join-token-handlers.ts';

/** `drop` ends the session of a device that is removed. */
export function fleetHandlers(
  ports: ControlPorts,
  uptime: UptimeBook,
  drop: (device: string, rejection: Rejection) => void,
): Pick<Handlers, EnrolmentRoute | DeviceRoute | JoinTokenRoute> {
  return { ...enrolmentRoutes(ports), ...deviceRoutes(ports, uptime, drop), ...joinTokenRoutes(ports) };
}

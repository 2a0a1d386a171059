// What is rented, over HTTP: clusters with their minutes and receipts, and the jobs that run on them.
import type { ControlPorts } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type ClusterRoute, clusterRoutes } from './cluster-handlers.ts';
import { type JobRoute, jobRoutes } from './job-handlers.ts';

export function clusterHandlers(ports: ControlPorts): Pick<Handlers, ClusterRoute | JobRoute> {
  return { ...clusterRoutes(ports), ...jobRoutes(ports) };
}

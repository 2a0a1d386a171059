// The face of @iog/worker: enrol a device, say what it has, run it.
export { enrol, type EnrolOptions, type Enrolling } from './identity/enrol.ts';
export { membership } from './identity/identity.ts';
export { DeviceInUse } from './device-lock.ts';
export { hostCores, inventory, type InventoryOptions } from './inventory.ts';
export { startWorker, type RunningWorker, type WorkerOptions } from './worker.ts';
export type { Clock, Log, LogLine, Random } from './ports.ts';
export type { RayJob, RayJobs, Submission } from './job/ray.ts';
export type { NodePorts, NodeSpec, NodeStatus, RunningNode, Runtime } from './lease/runtime-port.ts';

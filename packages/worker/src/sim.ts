// The face of @iog/worker for a simulated network: the worker below its runtime, wire and disk, and these ports.
export { Wiring, type WiringPorts } from './wiring.ts';
export type { Disk } from './disk.ts';
export type { Host } from './host.ts';
export { signedHttp, type Http, type HttpAnswer, type HttpAsk } from './http.ts';
export type { DeviceKeys } from './identity/identity.ts';
export type { RayJob, RayJobs } from './job/ray.ts';
export type { NodePorts, NodeSpec, NodeStatus, RunningNode, Runtime } from './lease/runtime-port.ts';
export type { Clock, LogLine } from './ports.ts';
export type { Wire, WireEvents, WireLink } from './session/wire.ts';

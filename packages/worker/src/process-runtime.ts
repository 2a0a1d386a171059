// The runtime of this build: `process`, and the jobs of a head that it runs.
import type { RayJobs } from './job/ray.ts';
import type { RunningNode, Runtime } from './lease/runtime-port.ts';
import type { Log } from './ports.ts';
import { processRuntime } from './runtime/process-runtime.ts';
import { rayJobs } from './runtime/ray-jobs.ts';

/** How long nodes outlive their worker: long enough for its restart, short enough that nothing lingers. */
const graceMs = 20_000;

export function processRuntimeOf({ dir, python, log }: { readonly dir: string; readonly python: string; readonly log: Log }): Runtime {
  return processRuntime({ dir, python, graceMs, log });
}

export function rayOf({ ports }: RunningNode, rayToken: string): RayJobs {
  return rayJobs({ host: ports.host, port: ports.dashboard, token: rayToken }, ports.agentHttp);
}

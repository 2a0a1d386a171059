// How one host becomes several devices: disjoint core sets, even shares of memory with head-room for all else that runs. Pure.

export interface DevicePlan {
  readonly name: string;
  readonly cores: readonly number[];
  readonly memoryBytes: number;
}
export interface HostPlan {
  readonly devices: readonly DevicePlan[];
  /** True where there are fewer cores than devices: some share one. */
  readonly shared: boolean;
}

// A quarter stays with the host: control, workers, and the programs of its owner.
const offeredPercent = 75;
const memoryGrainBytes = 50_000_000;
const least = 100_000_000;

/** Whether another of these plans has one of its cores too. */
export function isShared(plan: DevicePlan, all: readonly DevicePlan[]): boolean {
  return all.some((other) => other.name !== plan.name && other.cores.some((core) => plan.cores.includes(core)));
}

/** Fixed at enrolment: a device's units do not change with the next start. */
export function planHost(cores: readonly number[], memoryBytes: number, devices: number): HostPlan {
  const shared = cores.length < devices;
  const share = Math.floor((memoryBytes / 100) * (offeredPercent / devices));
  const memory = Math.max(least, Math.floor(share / memoryGrainBytes) * memoryGrainBytes);
  return {
    shared,
    devices: Array.from({ length: devices }, (_, i) => ({
      name: i === 0 ? 'first' : i === 1 ? 'second' : `device-${i + 1}`,
      cores: shared
        ? [cores[i % cores.length] ?? 0]
        : cores.slice(Math.floor((i * cores.length) / devices), Math.floor(((i + 1) * cores.length) / devices)),
      memoryBytes: memory,
    })),
  };
}

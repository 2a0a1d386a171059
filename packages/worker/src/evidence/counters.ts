// How busy the cores of this host have been since boot. The method order is by truthfulness: /proc/stat counts ticks and can be dodged.
import { readFileSync } from 'node:fs';
import type { AccountingMethod } from '@iog/protocol';

const cgroupV1Path = '/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu';
/** USER_HZ: 100 on every Linux that Node runs on; it is what /proc reports in, whatever the kernel's own HZ. */
export const tickMs = 10;

export interface CoreCounters {
  readonly method: AccountingMethod;
  /** CPU milliseconds since boot of these cores together. */
  busyMs(cores: readonly number[]): number;
}

export type ReadText = (path: string) => string;
const readReal: ReadText = (path) => readFileSync(path, 'utf8');

/** The best counters this host has; chosen once, so that one chain never mixes two methods. */
export function coreCounters(read: ReadText = readReal): CoreCounters {
  const ways: readonly [AccountingMethod, () => Map<number, number>][] = [
    ['schedstat', () => parseSchedstat(read('/proc/schedstat'))],
    ['cgroup-v1', () => parseUsagePerCpu(read(cgroupV1Path))],
    ['stat', () => parseStat(read('/proc/stat'))],
  ];
  for (const [method, look] of ways) {
    if (attempt(look).size === 0) continue;
    return { method, busyMs: (cores) => total(attempt(look), cores) };
  }
  return { method: 'none', busyMs: () => 0 };
}

function attempt(look: () => Map<number, number>): Map<number, number> {
  try {
    return look();
  } catch {
    return new Map();
  }
}

function total(perCore: ReadonlyMap<number, number>, cores: readonly number[]): number {
  let ms = 0;
  for (const core of cores) ms += perCore.get(core) ?? 0;
  return Math.floor(ms);
}

/** Field 7 after the name (rq_cpu_time) is nanoseconds spent running by tasks on this core. Lines: `cpuN f1 … f9`. */
export function parseSchedstat(text: string): Map<number, number> {
  const cores = new Map<number, number>();
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const core = /^cpu(\d+)$/.exec(fields[0] ?? '')?.[1];
    const ns = Number(fields[7]);
    if (core !== undefined && fields[7] !== undefined && Number.isFinite(ns)) cores.set(Number(core), ns / 1e6);
  }
  return cores;
}

/** One line of nanoseconds, core by core. */
export function parseUsagePerCpu(text: string): Map<number, number> {
  const fields = text.trim() === '' ? [] : text.trim().split(/\s+/);
  if (fields.some((field) => !/^\d+$/.test(field))) return new Map();
  return new Map(fields.map((field, core) => [core, Number(field) / 1e6]));
}

/** `cpuN user nice system idle iowait irq softirq steal …`: everything but idle, iowait and steal, in ticks. */
export function parseStat(text: string): Map<number, number> {
  const cores = new Map<number, number>();
  for (const [, core, rest] of text.matchAll(/^cpu(\d+) (.+)$/gm)) {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (rest ?? '').trim().split(/\s+/).map(Number);
    const ticks = user + nice + system + irq + softirq;
    if (Number.isFinite(ticks)) cores.set(Number(core), ticks * tickMs);
  }
  return cores;
}

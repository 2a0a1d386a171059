// How long placement's index takes to search 8 nodes with 4 filters, while devices change under it, beside a plain scan of the same columns.
import { type DeviceRow, type MarketIndex, marketIndex } from '@iog/core';
import { type Demand, laptopPolicy } from '@iog/protocol';
import type { Bench } from './line.ts';
import { lineOf } from './line.ts';
import { chanceOf, fleetDevice, fleetModels, fleetRegions, fleetRtt } from './market/fleet.ts';
import { type Scan, plainScan } from './market/plain-scan.ts';

const sizes = [1_000, 10_000, 100_000, 1_000_000] as const;
const searches = 400;
const warmUp = 60;
const changesBetween = 20;
const repeats = 3;
const now = 1_700_000_000_000;

export interface PlacementPoint {
  readonly devices: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the first of the repeated searches. */
  readonly onceP99Ms: number;
  readonly emptyP99Ms: number;
  readonly explainP50Ms: number;
  readonly scanP50Ms: number;
  readonly changeUs: number;
  readonly bytesOfDevice: number;
  readonly buildMs: number;
}

export const placementBench: Bench = {
  name: 'placement',
  run({ say }) {
    const points = sizes.map((devices) => {
      const point = measure(devices);
      say(
        `${devices} devices: p50 ${ms(point.p50Ms)}, p99 ${ms(point.p99Ms)} (of the first of each ${repeats} ${ms(point.onceP99Ms)}); empty answers p99 ${ms(point.emptyP99Ms)}, explained p50 ${ms(point.explainP50Ms)}; ` +
          `scan of the same columns p50 ${ms(point.scanP50Ms)}, ${(point.scanP50Ms / point.p50Ms).toFixed(1)} times as long; ` +
          `a change ${point.changeUs.toFixed(1)} us, ${point.bytesOfDevice.toFixed(0)} bytes a device, built in ${(point.buildMs / 1_000).toFixed(2)} s`,
      );
      return point;
    });
    const lines = points.map(({ devices, p50Ms, scanP50Ms }) =>
      lineOf(`placement, ${devices} devices, 8 nodes, 4 filters`, 'ms', [p50Ms], 'plain scan of the columns', [scanP50Ms]),
    );
    return Promise.resolve({ lines, detail: points });
  },
};

function ms(value: number): string {
  return `${value.toFixed(value < 1 ? 3 : 2)} ms`;
}

function measure(devices: number): PlacementPoint {
  const index = marketIndex(laptopPolicy);
  const scan = plainScan(devices);
  const lives = new Uint16Array(devices);
  const buildMs = built(index, scan, devices);
  const draw = chanceOf(devices);
  const times = { found: [] as number[], once: [] as number[], empty: [] as number[], explain: [] as number[], scan: [] as number[] };
  let [changeMs, changes] = [0, 0];
  for (let i = -warmUp; i < searches; i++) {
    for (let k = 0; k < changesBetween; k++) {
      const n = Math.floor(draw() * devices);
      const row = fleetDevice(n, now, ++(lives as Record<number, number>)[n]!);
      changeMs += timed(() => change(index, row, n, draw()));
      changes += 1;
      scan.put(n, row, isConnected(n));
    }
    const demand = demandOf(draw);
    const onceMs = timed(() => index.search(demand, now));
    const found = index.search(demand, now);
    const isEmpty = found.affordable === 0;
    const tookMs = leastOf(() => index.search(demand, now));
    const explainMs = isEmpty ? leastOf(() => index.relax(demand, found, now)) : Number.NaN;
    const scanMs = leastOf(() => scan.search(demand, now));
    if (i < 0) continue;
    times.found.push(tookMs);
    times.once.push(onceMs);
    times.scan.push(scanMs);
    if (isEmpty) times.empty.push(tookMs);
    if (isEmpty) times.explain.push(explainMs);
  }
  return {
    devices,
    p50Ms: quantile(times.found, 0.5),
    p99Ms: quantile(times.found, 0.99),
    onceP99Ms: quantile(times.once, 0.99),
    emptyP99Ms: quantile(times.empty, 0.99),
    explainP50Ms: quantile(times.explain, 0.5),
    scanP50Ms: quantile(times.scan, 0.5),
    changeUs: (changeMs * 1_000) / changes,
    bytesOfDevice: index.bytes / devices,
    buildMs,
  };
}

/** Of all rows, made beforehand some at a time: what is timed is the index alone. */
function built(index: MarketIndex, scan: Scan, devices: number): number {
  let tookMs = 0;
  for (let from = 0; from < devices; from += 1_000) {
    const rows = Array.from({ length: Math.min(1_000, devices - from) }, (_, i) => fleetDevice(from + i, now));
    tookMs += timed(() => {
      for (const [i, row] of rows.entries()) index.put(row, 1, { connected: isConnected(from + i), rttMs: fleetRtt(from + i) });
    });
    for (const [i, row] of rows.entries()) scan.put(from + i, row, isConnected(from + i));
  }
  return tookMs;
}

/** Mostly another row of the same device; now and then it goes and comes back, or its session does. */
function change(index: MarketIndex, row: DeviceRow, n: number, chance: number): void {
  const live = { connected: isConnected(n), rttMs: fleetRtt(n) };
  if (chance < 0.1) index.remove(row.id);
  if (chance > 0.9) index.live(row.id, { connected: false, rttMs: null });
  index.put(row, 1, live);
}

function isConnected(n: number): boolean {
  return n % 20 !== 0;
}

/** Region, GPU, cores, memory, and mostly a price; one in six asks for what there is not. */
export function demandOf(draw: () => number): Demand {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
  const isVain = draw() < 1 / 6;
  const model = pick(fleetModels)[0];
  return {
    nodes: 8,
    coresPerNode: pick([4, 8, 16, 32]),
    memoryBytesPerNode: pick([16e9, 32e9, 64e9]),
    durationMs: 3_600_000,
    region: isVain && draw() < 0.5 ? 'eu-nroth-1a' : pick(fleetRegions),
    gpu: { model: model.replace(/^(NVIDIA |Tesla )/, ''), count: isVain ? 16 : pick([1, 1, 2, 4]) },
    ...(draw() < 0.7 ? { maxMicroPerHour: String(Math.floor(8e6 + draw() * 3e8)) } : {}),
  };
}

function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** The least of some: on a shared machine the rest is what others did meanwhile. */
function leastOf(work: () => unknown): number {
  return Math.min(...Array.from({ length: repeats }, () => timed(work)));
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

// From the call that rents a cluster to the first task done on both of its nodes, beside bare Ray doing the same on this machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { packFolder } from '@iog/client';
import { startNetwork } from '../../apps/iog/src/network/network.ts';
import { type Bench, type Measured, figure, lineOf, median } from '../line.ts';
import { type BareNodes, bareRun } from './bare-ray.ts';
import { rentedRun } from './rented.ts';
import { type RunTimes, moments } from './run-times.ts';

const root = path.join(import.meta.dirname, '../..');
const mostMemoryBytes = 8_000_000_000;

type Side = 'rented' | 'bare' | 'pinned';
type Runs = Record<Side, RunTimes[]>;

export const clusterBench: Bench = {
  name: 'cluster',
  async run({ runs, say }) {
    const home = mkdtempSync(path.join(tmpdir(), 'iog-'));
    const env = { ...process.env, IOG_HOME: home };
    const network = await startNetwork({ home, dir: path.join(home, 'network'), devices: 2, port: undefined, store: undefined, env, say });
    try {
      const devices = await network.admitDevices(() => undefined, AbortSignal.timeout(120_000));
      const [first = [], second = []] = devices.map(({ units }) => units.cores);
      const coresPerNode = Math.min(first.length, second.length);
      const memoryBytes = Math.min(mostMemoryBytes, ...devices.map(({ units }) => units.memoryBytes));
      const demand = { nodes: 2, coresPerNode, memoryBytesPerNode: memoryBytes, durationMs: 30 * 60_000 };
      const zip = packFolder(path.join(import.meta.dirname, 'job'));
      const bare = { python: path.join(root, '.cache/python'), memoryBytes, coreCount: coresPerNode };
      const cores: BareNodes['cores'] = [first.slice(0, coresPerNode), second.slice(0, coresPerNode)];
      const work: Record<Side, () => Promise<RunTimes>> = {
        rented: () => rentedRun(network, demand, zip),
        bare: () => bareRun({ ...bare, cores: undefined }, zip),
        pinned: () => bareRun({ ...bare, cores }, zip),
      };
      return measuredOf(await interleaved(work, runs, say));
    } finally {
      await network.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  },
};

/** The sides take turns, and the order turns too: what the machine does besides hits all alike. */
async function interleaved(work: Record<Side, () => Promise<RunTimes>>, runs: number, say: (line: string) => void): Promise<Runs> {
  const order: Side[] = ['rented', 'bare', 'pinned'];
  const done: Runs = { rented: [], bare: [], pinned: [] };
  for (let i = 0; i < runs; i++) {
    for (const side of i % 2 === 0 ? order : order.toReversed()) {
      const busyMs = hostBusyMs();
      const times = await work[side]();
      done[side].push(times);
      say(
        `${i + 1}/${runs} ${side}: ${figure(times.tasks, 'ms')}, ${figure(hostBusyMs() - busyMs, 'ms')} of processor time until it was gone`,
      );
    }
  }
  return done;
}

/** Processor time of the whole host so far: tells work from waiting, and a disturbed run from a quiet one. */
function hostBusyMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}

function measuredOf(done: Runs): Measured {
  const tasks = (side: Side): number[] => done[side].map((times) => times.tasks);
  const medians = (side: Side): number[] => moments.map((moment) => median(done[side].map((times) => times[moment])));
  const rows = (['rented', 'bare', 'pinned'] as const).map((side) =>
    cells(
      side,
      medians(side).map((ms) => figure(ms, 'ms')),
    ),
  );
  return {
    lines: [
      lineOf('cluster, create to a task on both nodes', 'ms', tasks('rented'), 'bare ray start', tasks('bare')),
      lineOf('cluster, the same', 'ms', tasks('rented'), 'bare ray start, on the same cores', tasks('pinned')),
    ],
    breakdown: ['cluster: medians since the start', cells('', moments), ...rows],
    detail: done,
  };
}

function cells(name: string, values: readonly string[]): string {
  return [name.padEnd(10), ...values.map((value, i) => value.padStart(moments[i]?.length ?? 0))].join('  ');
}

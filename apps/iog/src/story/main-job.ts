// The main job: the example sweep on a rented cluster of two nodes, from quote to receipt, and the document that sums it up.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { formatAmount, type ClusterId, type DeviceView, type Receipt } from '@iog/protocol';
import { packFolder, resultIn } from '@iog/client';
import { UserError } from '../failure.ts';
import {
  endCluster,
  endPhase,
  followPhase,
  formPhases,
  quotePhase,
  receiptPhase,
  rentPhase,
  submitPhases,
  type StoryPorts,
} from './job-story.ts';
import type { Phase } from './phases.ts';

export interface MainJobReport {
  readonly result: unknown;
  readonly tasksPerNode: Readonly<Record<string, number>>;
  readonly receipt: Receipt;
  readonly held: string;
  readonly paid: string;
  readonly refunded: string;
  readonly phases: readonly Phase[];
}

const wantedNodes = 2;
// Enough for the sweep on any machine; more would only start more idle processes.
const mostCores = 4;
const mostMemoryBytes = 8_000_000_000;
const durationMs = 30 * 60_000;

/** Rents two devices, as much of each as the smaller has, within a bound. */
export async function mainJob(
  ports: StoryPorts,
  root: string,
  devices: readonly DeviceView[],
  out: (bytes: Uint8Array) => void,
): Promise<MainJobReport> {
  const nodes = Math.min(wantedNodes, devices.length);
  const cores = Math.min(mostCores, ...devices.map(({ units }) => units.cores.length));
  const memory = Math.min(mostMemoryBytes, ...devices.map(({ units }) => units.memoryBytes));
  const zip = packFolder(path.join(root, 'examples/digits-sweep'));
  const quote = await quotePhase(ports, { nodes, coresPerNode: cores, memoryBytesPerNode: memory, durationMs });
  let rented: ClusterId | undefined;
  try {
    const cluster = await rentPhase(ports, 'digits-sweep', quote);
    rented = cluster.id;
    const submitted = await submitPhases(ports, cluster, {
      name: 'digits-sweep',
      zip,
      entrypoint: 'python sweep.py',
      env: { IOG_NODES: String(nodes) },
      retries: 1,
    });
    await formPhases(ports, cluster.id, submitted.id);
    const { job, log } = await followPhase(ports, submitted.id, out);
    const result = await ports.phases.run('result', async () => {
      if (job.state !== 'succeeded')
        throw new UserError(
          `The job ${job.state}: ${job.detail || `exit code ${job.exitCode ?? 'unknown'}`}.`,
          `Its log: \`iog job logs ${job.id}\`.`,
        );
      const found = resultIn(log);
      if (found === undefined) throw new UserError('The job printed no IOG_RESULT line.', `Its log: \`iog job logs ${job.id}\`.`);
      return found;
    });
    await endPhase(ports, cluster.id);
    const receipt = await receiptPhase(ports, cluster.id);
    return { result, tasksPerNode: tasksOf(job.tasksPerNode, result), receipt, ...sums(receipt), phases: ports.phases.done };
  } catch (error) {
    if (rented !== undefined && !ports.signal.aborted) await endCluster(ports.client, rented).catch(() => undefined);
    throw error;
  }
}

// What the network counted; a short job may be over before it was counted, then what the job itself says.
function tasksOf(counted: Readonly<Record<string, number>>, result: unknown): Readonly<Record<string, number>> {
  const own = (result as { tasksPerNode?: unknown } | null)?.tasksPerNode;
  const isMap = typeof own === 'object' && own !== null && Object.values(own).every((count) => typeof count === 'number');
  return Object.keys(counted).length === 0 && isMap ? (own as Record<string, number>) : counted;
}

function sums({ heldMicro, paidMicro, refundedMicro }: Receipt): { held: string; paid: string; refunded: string } {
  return { held: formatAmount(BigInt(heldMicro)), paid: formatAmount(BigInt(paidMicro)), refunded: formatAmount(BigInt(refundedMicro)) };
}

/** The phases of the set-up that ran just before, if it had anything to do. */
export function setUpPhases(root: string): readonly Phase[] {
  try {
    const { phases } = JSON.parse(readFileSync(path.join(root, '.cache/setup.json'), 'utf8')) as { phases?: readonly Phase[] };
    const found = (phases ?? []).filter(({ name, ms }) => typeof name === 'string' && typeof ms === 'number');
    return found.length === 0 ? [{ name: 'set-up', ms: 0 }] : found.map(({ name, ms }) => ({ name: `set-up: ${name}`, ms }));
  } catch {
    return [{ name: 'set-up', ms: 0 }];
  }
}

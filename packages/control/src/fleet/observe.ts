// A beat: what a worker sees of its leases and jobs becomes rows, where it is new. An older epoch, generation or incarnation changes nothing.
import type { DeviceId, ObservedLease } from '@iog/protocol';
import {
  type DeviceRow,
  type JobRow,
  type LeaseRow,
  type Row,
  isLive,
  jobStories,
  leaseStories,
  observe,
  observeJob,
  proofExpired,
  returnSlice,
  tell,
} from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';

/** A beat names every lease that the worker knows; `observed` is that whole list. */
export async function observeBeat(ports: ControlPorts, device: DeviceId, epoch: number, observed: readonly ObservedLease[]): Promise<void> {
  for (const seen of observed) await observeOne(ports, device, epoch, seen);
  await freeUnknown(ports, device, epoch, new Set<string>(observed.map((seen) => seen.lease)));
}

/** An ended lease that its worker does not know, well after the end, never reached it: nothing of it runs, and its units are free. */
async function freeUnknown(ports: ControlPorts, id: DeviceId, epoch: number, known: ReadonlySet<string>): Promise<void> {
  const [found] = await ports.store.load([{ kind: 'device', id }]);
  const held = (found?.row as DeviceRow | undefined)?.live ?? [];
  if (held.every(({ lease }) => known.has(lease))) return;
  const freed = await change<readonly LeaseRow[]>(ports, async (read) => {
    const device = await read.one('device', id);
    if (!device || device.epoch !== epoch) return { writes: [], value: [] };
    const now = ports.clock.now();
    const leases = await read.many(
      'lease',
      device.live.map(({ lease }) => lease).filter((lease) => !known.has(lease)),
    );
    const gone = leases.filter((lease) => !isLive(lease) && lease.stopBy !== null && now >= lease.stopBy);
    if (gone.length === 0) return { writes: [], value: [] };
    const free = gone.reduce((row, lease) => returnSlice(row, lease.id), device);
    return { writes: [free, ...gone.map((lease) => ({ ...lease, stopped: true }))], value: gone };
  });
  for (const lease of freed) ports.signals.wake('cluster', lease.cluster);
}

interface Seen {
  readonly changed: boolean;
  readonly freed: boolean;
  readonly cluster: string;
  /** Devices whose assignments this changes: members that waited for the head's address. */
  readonly wake: readonly string[];
}

async function observeOne(ports: ControlPorts, deviceId: DeviceId, epoch: number, seen: ObservedLease): Promise<void> {
  const result = await change<Seen | undefined>(ports, async (read) => {
    const now = ports.clock.now();
    const lease = await read.one('lease', seen.lease);
    if (!lease || lease.device !== deviceId) return { writes: [], value: undefined };
    const device = await read.one('device', deviceId);
    if (!device || device.epoch !== epoch) return { writes: [], value: undefined };
    const next = observe(lease, seen, !proofExpired(device, now), now, ports.policy);
    // Only the head of now tells of jobs, and only under its own generation and incarnation.
    const owner = seen.jobs.length > 0 ? await read.one('cluster', lease.cluster) : undefined;
    const mayTell = owner?.head === lease.id && seen.generation === lease.generation && seen.incarnation === lease.incarnation;
    const jobsBefore = await read.many(
      'job',
      seen.jobs.map((job) => job.job),
    );
    const jobsAfter = jobsBefore.map((job) => (job.cluster === lease.cluster && mayTell ? observeSeen(job, seen, now) : job));
    const freed = next.stopped && device.live.some((held) => held.lease === lease.id);
    const jobsChanged = jobsAfter.filter((job, i) => job !== jobsBefore[i]);
    if (next === lease && jobsChanged.length === 0 && !freed) return { writes: [], value: undefined };

    const cluster = await read.one('cluster', lease.cluster);
    if (!cluster) return { writes: [], value: undefined };
    const stories = [...leaseStories([lease], [next]), ...jobStories(jobsBefore, jobsAfter)];
    const told = tell(cluster, now, stories);
    const writes: Row[] = [
      ...(next === lease ? [] : [next]),
      ...jobsChanged,
      ...(freed ? [returnSlice(device, lease.id)] : []),
      ...(stories.length > 0 ? [told.cluster, ...told.events] : []),
    ];
    const headMoved =
      lease.role === 'head' && (lease.address?.gcs !== next.address?.gcs || lease.address?.dashboard !== next.address?.dashboard);
    const others = headMoved ? await read.many('lease', cluster.leases) : [];
    const jobEnded = jobsChanged.length > 0;
    return {
      writes,
      value: {
        changed: true,
        freed,
        cluster: cluster.id,
        wake: [...others.map((other: LeaseRow) => other.device), ...(freed || jobEnded ? [deviceId] : [])],
      },
    };
  });
  if (!result) return;
  for (const device of result.wake) ports.signals.wake('device', device);
  ports.signals.wake('event', result.cluster);
  ports.signals.wake('cluster', result.cluster);
  if (result.freed) ports.signals.wake('minute', seen.lease);
}

function observeSeen(job: JobRow, seen: ObservedLease, now: number): JobRow {
  const report = seen.jobs.find((each) => each.job === job.id);
  return report && job.incarnation === seen.incarnation ? observeJob(job, report, now) : job;
}

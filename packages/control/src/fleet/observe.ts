// A beat: what a worker sees of its leases and jobs becomes rows, where it is new. An older epoch, generation or incarnation changes nothing.
import type { DeviceId, ObservedLease } from '@iog/protocol';
import {
  type JobRow,
  type LeaseRow,
  type Row,
  admissible,
  jobStories,
  leaseStories,
  observe,
  observeJob,
  returnSlice,
  tell,
} from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';

export async function observeBeat(ports: ControlPorts, device: DeviceId, epoch: number, observed: readonly ObservedLease[]): Promise<void> {
  for (const seen of observed) await observeOne(ports, device, epoch, seen);
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
    const next = observe(lease, seen, admissible(device, now) || device.proof !== null, now, ports.policy);
    const jobsBefore = await read.many(
      'job',
      seen.jobs.map((job) => job.job),
    );
    const jobsAfter = jobsBefore.map((job) => (job.cluster === lease.cluster && lease.role === 'head' ? observeSeen(job, seen, now) : job));
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

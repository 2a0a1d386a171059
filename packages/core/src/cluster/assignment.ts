// What a worker must be running for a lease, made from the rows; nothing else tells a worker anything.
import type { Assignment } from '@iog/protocol';
import type { ClusterRow, DeviceRow, JobRow, LeaseRow } from '../rows.ts';
import { isLive } from '../lease/lease.ts';

export interface AssignmentRows {
  readonly cluster: ClusterRow;
  readonly leases: readonly LeaseRow[];
  readonly jobs: readonly JobRow[];
  /** The devices of leases that still lack the cluster's secret. */
  readonly devices: ReadonlyMap<string, DeviceRow>;
}

/** The assignment of one lease, or undefined when it must not run. */
export function assignmentOf(lease: LeaseRow, { cluster, leases, jobs, devices }: AssignmentRows): Assignment | undefined {
  if (!isLive(lease) || lease.incarnation !== cluster.incarnation) return undefined;
  const head = leases.find((other) => other.id === cluster.head);
  const lacking = lease.sealedSecret === null ? [] : leases.filter((other) => isLive(other) && other.sealedSecret === null);
  return {
    lease: lease.id,
    cluster: cluster.id,
    generation: lease.generation,
    incarnation: lease.incarnation,
    role: lease.role,
    slice: lease.slice,
    sealedSecret: lease.sealedSecret,
    renterRecipient: cluster.secrets.renterRecipient,
    clusterRecipient: cluster.secrets.recipient,
    head: lease.role === 'head' ? null : (head?.address ?? null),
    jobs: lease.role === 'head' ? jobs.filter((job) => isAssigned(job)).map((job) => job.assigned) : [],
    sealFor: lacking.flatMap((other) => {
      const device = devices.get(other.device);
      return device
        ? [
            {
              lease: other.id,
              device: device.id,
              publicKey: device.publicKey,
              recipient: device.recipient,
              recipientSignature: device.recipientSignature,
            },
          ]
        : [];
    }),
  };
}

function isAssigned(job: JobRow): boolean {
  return job.state === 'waiting' || job.state === 'submitted' || job.state === 'running';
}

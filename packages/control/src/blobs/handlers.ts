// Blobs over HTTP: sealed packages in from renters and out to the head's device; sealed log segments in from the device and out to the renter.
import { type AnswerOf, type RouteName } from '@iog/protocol';
import type { ClusterRow, DeviceRow, JobRow, LeaseRow } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, refuse } from '../command.ts';
import { blobName } from '../cluster/handlers.ts';
import { blobShelves } from './shelves.ts';
import { logShelf, packageShelf } from './sweep.ts';

type Served = 'blob.put' | 'job.log' | 'device.blob' | 'device.log';

export function blobHandlers(ports: ControlPorts): Pick<Handlers, Served> {
  const { blobs, policy, store } = ports;
  const shelves = blobShelves(ports);
  const row = async <R>(kind: string, id: string): Promise<R | undefined> => (await store.load([{ kind, id }]))[0]?.row as R | undefined;
  const bytesOf = async <N extends RouteName>(name: string, blob: string) => {
    const found = await blobs.get(name);
    return found ? answer(found.stream as unknown as AnswerOf<N>) : refuse({ code: 'blob.unknown', context: { blob } });
  };
  /** The clusters of which this device holds a lease now. */
  const clustersOf = async (device: DeviceRow): Promise<ClusterRow[]> => {
    const leases = await Promise.all(device.live.map(({ lease }) => row<LeaseRow>('lease', lease)));
    const ids = new Set(leases.flatMap((lease) => (lease ? [lease.cluster as string] : [])));
    return (await Promise.all([...ids].map((id) => row<ClusterRow>('cluster', id)))).flatMap((each) => each ?? []);
  };
  /** Whether this device runs the head that the job was given to; it may tell the job's last words until its lease is settled. */
  const isHeadOf = async (device: DeviceRow, job: JobRow): Promise<boolean> => {
    const cluster = await row<ClusterRow>('cluster', job.cluster);
    const leases = await Promise.all((cluster?.leases ?? []).map((id) => row<LeaseRow>('lease', id)));
    return leases.some(
      (lease) => lease?.device === device.id && lease.role === 'head' && lease.incarnation === job.incarnation && lease.state !== 'settled',
    );
  };

  return {
    'blob.put': async (call) => {
      const shelving = {
        name: blobName(accountOf(call), call.params.blob),
        shelf: packageShelf(accountOf(call)),
        keepUntil: ports.clock.now() + policy.retention.looseBlobMs,
        quotaBytes: policy.limits.accountPackageBytes,
        maxBytes: policy.limits.blobBytes,
      };
      const put = await shelves.put(shelving, call.bytes ?? new Uint8Array());
      return put.ok ? answer({ blob: call.params.blob, bytes: put.bytes }) : refuse(put.rejection);
    },
    'job.log': async (call) => {
      const job = await row<JobRow>('job', call.params.job);
      if (job?.account !== accountOf(call)) return refuse({ code: 'not-found', context: { noun: 'job', id: call.params.job } });
      return bytesOf<'job.log'>(segmentName(call), `${job.id}/${call.params.segment}`);
    },
    'device.blob': async (call) => {
      for (const cluster of await clustersOf(deviceOf(call))) {
        const name = blobName(cluster.account, call.params.blob);
        if (await blobs.exists(name)) return bytesOf<'device.blob'>(name, call.params.blob);
      }
      return refuse({ code: 'blob.unknown', context: { blob: call.params.blob } });
    },
    'device.log': async (call) => {
      const job = await row<JobRow>('job', call.params.job);
      if (!job || !(await isHeadOf(deviceOf(call), job)))
        return refuse({ code: 'not-found', context: { noun: 'job', id: call.params.job } });
      const cluster = await row<ClusterRow>('cluster', job.cluster);
      const shelving = {
        name: segmentName(call),
        shelf: logShelf(job.account),
        keepUntil: (cluster?.endsAt ?? ports.clock.now()) + policy.retention.blobMs,
        quotaBytes: policy.limits.accountLogBytes,
        maxBytes: policy.limits.logSegmentBytes,
      };
      const put = await shelves.put(shelving, call.bytes ?? new Uint8Array());
      return put.ok ? answer({ bytes: put.bytes }) : refuse(put.rejection);
    },
  };
}

function segmentName({ params }: Call<'job.log'> | Call<'device.log'>): string {
  return `logs/${params.job}/${String(params.segment).padStart(5, '0')}`;
}

function deviceOf({ device }: { device: DeviceRow | undefined }): DeviceRow {
  if (!device) throw new Error('a device route without a device');
  return device;
}

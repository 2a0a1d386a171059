// Blobs over HTTP: sealed packages in from renters and out to the head's device; sealed log segments in from the device and out to the renter.
import { type AnswerOf, type RouteName } from '@iog/protocol';
import type { ClusterRow, DeviceRow, JobRow } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, refuse } from '../command.ts';
import { missing, own, rowOf, rowsOf } from '../own-rows.ts';
import { blobName } from './blob-name.ts';
import { blobShelves } from './shelves.ts';
import { logShelf, packageShelf } from './sweep.ts';

type Served = 'blob.put' | 'job.log' | 'device.blob' | 'device.log';

export function blobHandlers(ports: ControlPorts): Pick<Handlers, Served> {
  const { blobs, policy, store } = ports;
  const shelves = blobShelves(ports);
  const bytesOf = async <N extends RouteName>(name: string, blob: string) => {
    const found = await blobs.get(name);
    return found ? answer(found.stream as unknown as AnswerOf<N>) : refuse({ code: 'blob.unknown', context: { blob } });
  };
  /** The clusters of which this device holds a lease now. */
  const clustersOf = async (device: DeviceRow): Promise<ClusterRow[]> => {
    const leases = await rowsOf(
      store,
      'lease',
      device.live.map(({ lease }) => lease),
    );
    return rowsOf(store, 'cluster', [...new Set(leases.map(({ cluster }) => cluster))]);
  };
  /** Whether this device runs the head that the job was given to; it may tell the job's last words until its lease is settled. */
  const isHeadOf = async (device: DeviceRow, job: JobRow): Promise<boolean> => {
    const cluster = await rowOf(store, 'cluster', job.cluster);
    const leases = await rowsOf(store, 'lease', cluster?.leases ?? []);
    return leases.some(
      (lease) => lease.device === device.id && lease.role === 'head' && lease.incarnation === job.incarnation && lease.state !== 'settled',
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
      const job = own(await rowOf(store, 'job', call.params.job), call);
      if (!job) return missing('job', call.params.job);
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
      const job = await rowOf(store, 'job', call.params.job);
      if (!job || !(await isHeadOf(deviceOf(call), job))) return missing('job', call.params.job);
      const cluster = await rowOf(store, 'cluster', job.cluster);
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

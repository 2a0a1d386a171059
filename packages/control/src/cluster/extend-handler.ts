// cluster.extend over HTTP: more time and its hold, or nothing; what its jobs were sent with is kept as much longer.
import {
  type BalanceRow,
  type ClusterRow,
  type LeaseRow,
  type Row,
  accept,
  availableOf,
  extendCluster,
  holdOf,
  isLive,
  isOver,
  keepBlob,
  reject,
} from '@iog/core';
import { type ControlPorts, type Read, newId } from '../ports.ts';
import { type Call, command } from '../command.ts';
import { blobName } from '../blobs/blob-name.ts';
import { own } from '../own-rows.ts';
import { clusterView } from './views.ts';
import { wakeCluster } from './wake.ts';

export async function extendHandler(ports: ControlPorts, call: Call<'cluster.extend'>) {
  const id = call.params.cluster;
  let leases: readonly LeaseRow[] = [];
  const outcome = await command(
    ports,
    call,
    id,
    async (read) => {
      const cluster = own(await read.one('cluster', id), call);
      if (!cluster) return reject('not-found', { noun: 'cluster', id });
      leases = await read.many('lease', cluster.leases);
      return decideExtend(ports, call, read, cluster, leases);
    },
    (cluster) => clusterView(cluster, leases, ports.policy.notice),
  );
  if ('ok' in outcome && outcome.ok) wakeCluster(ports, id, leases, call.request);
  return outcome;
}

async function decideExtend(
  ports: ControlPorts,
  call: Call<'cluster.extend'>,
  read: Read,
  cluster: ClusterRow,
  leases: readonly LeaseRow[],
) {
  const [key, caller] = [await read.one('key', cluster.key), await read.one('key', call.key?.id ?? '')];
  if (!key || !caller) return reject('key.unknown');
  if (caller.revokedAt !== null) return reject('key.revoked');
  const devices = await read.many(
    'device',
    leases.filter(isLive).map(({ device }) => device),
  );
  const rows = await read.many('balance', [availableOf(cluster.account), holdOf(cluster.id)]);
  const balances = new Map(rows.map((row: BalanceRow) => [row.id, row]));
  const extending = {
    wanted: call.body,
    cluster,
    leases,
    devices: new Map(devices.map((device) => [device.id, device])),
    key,
    caller,
    balances,
    entryId: newId(ports, 'ent'),
  };
  const extended = extendCluster(extending, ports.clock.now());
  if (!extended.ok) return extended;
  return accept([...extended.rows, ...(await packagesKept(ports, read, extended.value))], extended.value);
}

/** Packages of jobs that may run again are kept by the new end. */
async function packagesKept({ policy }: ControlPorts, read: Read, cluster: ClusterRow): Promise<readonly Row[]> {
  const jobs = (await read.many('job', cluster.jobs)).filter((job) => !isOver(job));
  const named = [...new Set(jobs.flatMap(({ assigned }) => assigned.package ?? []))];
  const blobs = await read.many(
    'blob',
    named.map((name) => blobName(cluster.account, name)),
  );
  return blobs.flatMap((blob) => {
    const kept = keepBlob(blob, blob.id, cluster.endsAt + policy.retention.blobMs);
    return kept.ok ? kept.rows : [];
  });
}

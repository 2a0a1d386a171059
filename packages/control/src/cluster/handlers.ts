// cluster and job over HTTP: create, see, end; submit, see, stop; sealed logs and packages.
import type { LeaseId } from '@iog/protocol';
import {
  type BalanceRow,
  type ClusterRow,
  type DeviceRow,
  type JobRow,
  type LeaseRow,
  type ReceiptRow,
  accept,
  availableOf,
  checkQuote,
  createCluster,
  endCluster,
  holdOf,
  keepBlob,
  reject,
  stopJob,
  submitJob,
} from '@iog/core';
import { canonical, verify } from '@iog/seal';
import { type ControlPorts, type Read, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command, refuse } from '../command.ts';
import { pageOf } from '../paging.ts';
import { clusterView, jobView, minuteView } from './views.ts';

type Served =
  | 'cluster.create'
  | 'cluster.list'
  | 'cluster.show'
  | 'cluster.end'
  | 'cluster.minutes'
  | 'receipt.show'
  | 'job.submit'
  | 'job.list'
  | 'job.show'
  | 'job.stop';

export function clusterHandlers(ports: ControlPorts): Pick<Handlers, Served> {
  const { store, policy } = ports;
  const load = async <R>(kind: string, ids: readonly string[]): Promise<R[]> =>
    (await store.load(ids.map((id) => ({ kind, id })))).flatMap((found) => (found ? [found.row as unknown as R] : []));
  const viewed = async (cluster: ClusterRow) => clusterView(cluster, await load<LeaseRow>('lease', cluster.leases), policy.notice);
  const own = async <R extends { account: string }>(kind: string, id: string, account: string): Promise<R | undefined> => {
    const [row] = await load<R>(kind, [id]);
    return row?.account === account ? row : undefined;
  };
  const wake = (cluster: string, leases: readonly { device: string }[], trace: string): void => {
    ports.signals.wake('cluster', cluster, trace);
    ports.signals.wake('event', cluster, trace);
    for (const { device } of leases) ports.signals.wake('device', device, trace);
  };
  const wakeHead = async (job: JobRow, trace: string): Promise<void> => {
    const [cluster] = await load<ClusterRow>('cluster', [job.cluster]);
    if (cluster) wake(cluster.id, cluster.head ? await load<LeaseRow>('lease', [cluster.head]) : [], trace);
  };

  return {
    'cluster.create': async (call) => {
      const leases: LeaseRow[] = [];
      const outcome = await command(
        ports,
        call,
        call.body.name,
        async (read) => decideCreate(ports, call, read, leases),
        (cluster) => clusterView(cluster, leases, policy.notice),
      );
      if ('ok' in outcome && outcome.ok) wake(outcome.answer.id, leases, call.request);
      return outcome;
    },
    'cluster.list': async (call) => {
      const listed = { kind: 'cluster', index: 'account', equals: accountOf(call), descending: true } as const;
      return answer(await pageOf(store, listed, call.query, async (row) => [await viewed(row)]));
    },
    'cluster.show': async (call) => {
      const cluster = await own<ClusterRow>('cluster', call.params.cluster, accountOf(call));
      return cluster ? answer(await viewed(cluster)) : missing('cluster', call.params.cluster);
    },
    'cluster.end': async (call) => {
      let leases: readonly LeaseRow[] = [];
      const outcome = await command(
        ports,
        call,
        call.params.cluster,
        async (read) => {
          const cluster = await read.one('cluster', call.params.cluster);
          if (!cluster || cluster.account !== accountOf(call)) return reject('not-found', { noun: 'cluster', id: call.params.cluster });
          const rows = { cluster, leases: await read.many('lease', cluster.leases), jobs: await read.many('job', cluster.jobs) };
          const step = endCluster(rows, 'renter', ports.clock.now(), policy);
          leases = step.leases;
          return accept<ClusterRow>(step.rows, step.cluster);
        },
        (cluster) => clusterView(cluster, leases, policy.notice),
      );
      wake(call.params.cluster, leases, call.request);
      return outcome;
    },
    'cluster.minutes': async (call) => {
      const lease = await own<LeaseRow>('lease', call.params.lease, accountOf(call));
      if (!lease) return missing('lease', call.params.lease);
      return answer(await pageOf(store, { kind: 'minute', index: 'lease', equals: lease.id }, call.query, minuteView));
    },
    'receipt.show': async (call) => {
      const cluster = await own<ClusterRow>('cluster', call.params.cluster, accountOf(call));
      if (!cluster) return missing('cluster', call.params.cluster);
      const [found] = await load<ReceiptRow>('receipt', [cluster.id]);
      return found ? answer(found.receipt) : refuse({ code: 'receipt.open', context: { cluster: cluster.id, state: cluster.state } });
    },
    'job.submit': async (call) => {
      const id = newId(ports, 'job');
      const outcome = await command(
        ports,
        call,
        id,
        async (read) => {
          const cluster = await read.one('cluster', call.params.cluster);
          if (!cluster || cluster.account !== accountOf(call)) return reject('not-found', { noun: 'cluster', id: call.params.cluster });
          const kept = await packageKept(ports, read, cluster, call.body.package);
          if (!kept.ok) return kept;
          const submitted = submitJob(cluster, id, call.body, policy.cluster.maxJobs, ports.clock.now());
          return submitted.ok ? accept([...submitted.rows, ...kept.rows], submitted.value) : submitted;
        },
        jobView,
      );
      if ('ok' in outcome && outcome.ok) {
        const [job] = await load<JobRow>('job', [id]);
        if (job) await wakeHead(job, call.request);
      }
      return outcome;
    },
    'job.list': async (call) => {
      const cluster = await own<ClusterRow>('cluster', call.params.cluster, accountOf(call));
      if (!cluster) return missing('cluster', call.params.cluster);
      return answer(await pageOf(store, { kind: 'job', index: 'cluster', equals: cluster.id }, call.query, (row) => [jobView(row)]));
    },
    'job.show': async (call) => {
      const job = await own<JobRow>('job', call.params.job, accountOf(call));
      return job ? answer(jobView(job)) : missing('job', call.params.job);
    },
    'job.stop': async (call) => {
      const outcome = await command(
        ports,
        call,
        call.params.job,
        async (read) => {
          const job = await read.one('job', call.params.job);
          if (!job || job.account !== accountOf(call)) return reject('not-found', { noun: 'job', id: call.params.job });
          return stopJob(job, ports.clock.now());
        },
        jobView,
      );
      const [job] = await load<JobRow>('job', [call.params.job]);
      if (job && job.account === accountOf(call)) await wakeHead(job, call.request);
      return outcome;
    },
  };
}

function missing(noun: string, id: string) {
  return refuse({ code: 'not-found', context: { noun, id } });
}

async function decideCreate(ports: ControlPorts, call: Call<'cluster.create'>, read: Read, leases: LeaseRow[]) {
  const now = ports.clock.now();
  const { quote } = call.body;
  const { signature, ...body } = quote;
  const wrong = checkQuote(quote, verify(ports.key.publicKey, 'quote', canonical(body), signature), accountOf(call), now, ports.policyHash);
  if (wrong) return { ok: false as const, rejection: wrong };
  const key = await read.one('key', call.key?.id ?? '');
  if (!key) return reject('key.unknown');
  const id = newId(ports, 'clu');
  const devices = new Map(
    (await read.many('device', [...new Set(quote.nodes.map((node) => node.device))])).map((row: DeviceRow) => [row.id as string, row]),
  );
  const balances = new Map(
    (await read.many('balance', [availableOf(accountOf(call)), holdOf(id)])).map((row: BalanceRow) => [row.id, row]),
  );
  const leaseIds: LeaseId[] = quote.nodes.map(() => newId(ports, 'lea'));
  const decided = createCluster(
    {
      id,
      leaseIds,
      entryId: newId(ports, 'ent'),
      account: accountOf(call),
      wanted: call.body,
      key,
      devices,
      balances,
      connected: (device) => ports.live.isConnected(device),
    },
    now,
    ports.policy,
  );
  leases.length = 0;
  if (decided.ok) leases.push(...decided.rows.filter((row): row is LeaseRow => row.kind === 'lease'));
  return decided;
}

/** A package is kept as long as what its cluster leaves, counted from the end that the cluster has at the latest. */
async function packageKept(ports: ControlPorts, read: Read, cluster: ClusterRow, named: string | undefined) {
  if (named === undefined) return accept([]);
  const blob = await read.one('blob', blobName(cluster.account, named));
  return keepBlob(blob, named, cluster.endsAt + ports.policy.retention.blobMs);
}

/** Where a package lies: under its account, so that one account's name for bytes opens nothing of another's. */
export function blobName(account: string, blob: string): string {
  return `packages/${account}/${blob}`;
}

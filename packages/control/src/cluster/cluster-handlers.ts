// cluster over HTTP: create, see, end; its minutes and its receipt.
import { type ClusterRow, type LeaseRow, accept, endCluster, minuteView, reject } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, accountOf, answer, command, refuse } from '../command.ts';
import { missing, own, rowOf, rowsOf } from '../own-rows.ts';
import { pageOf } from '../paging.ts';
import { createHandler } from './create-handler.ts';
import { extendHandler } from './extend-handler.ts';
import { clusterView } from './views.ts';
import { wakeCluster } from './wake.ts';

export type ClusterRoute =
  | 'cluster.create'
  | 'cluster.list'
  | 'cluster.show'
  | 'cluster.end'
  | 'cluster.extend'
  | 'cluster.minutes'
  | 'receipt.show';

export function clusterRoutes(ports: ControlPorts): Pick<Handlers, ClusterRoute> {
  return {
    'cluster.create': (call) => createHandler(ports, call),
    'cluster.list': (call) => list(ports, call),
    'cluster.show': (call) => show(ports, call),
    'cluster.end': (call) => end(ports, call),
    'cluster.extend': (call) => extendHandler(ports, call),
    'cluster.minutes': (call) => minutes(ports, call),
    'receipt.show': (call) => receipt(ports, call),
  };
}

async function list(ports: ControlPorts, call: Call<'cluster.list'>) {
  const listed = { kind: 'cluster', index: 'account', equals: accountOf(call), descending: true } as const;
  const { state } = call.query;
  const isAsked = (row: ClusterRow): boolean => state === undefined || row.state === state;
  return answer(await pageOf(ports.store, listed, call.query, async (row) => (isAsked(row) ? [await viewed(ports, row)] : [])));
}

async function show(ports: ControlPorts, call: Call<'cluster.show'>) {
  const cluster = own(await rowOf(ports.store, 'cluster', call.params.cluster), call);
  return cluster ? answer(await viewed(ports, cluster)) : missing('cluster', call.params.cluster);
}

async function end(ports: ControlPorts, call: Call<'cluster.end'>) {
  const id = call.params.cluster;
  let leases: readonly LeaseRow[] = [];
  const outcome = await command(
    ports,
    call,
    id,
    async (read) => {
      const cluster = own(await read.one('cluster', id), call);
      if (!cluster) return reject('not-found', { noun: 'cluster', id });
      const rows = { cluster, leases: await read.many('lease', cluster.leases), jobs: await read.many('job', cluster.jobs) };
      const step = endCluster(rows, 'renter', ports.clock.now(), ports.policy);
      leases = step.leases;
      return accept<ClusterRow>(step.rows, step.cluster);
    },
    (cluster) => clusterView(cluster, leases, ports.policy.notice),
  );
  wakeCluster(ports, id, leases, call.request);
  return outcome;
}

async function minutes({ store }: ControlPorts, call: Call<'cluster.minutes'>) {
  const lease = own(await rowOf(store, 'lease', call.params.lease), call);
  if (!lease) return missing('lease', call.params.lease);
  return answer(await pageOf(store, { kind: 'minute', index: 'lease', equals: lease.id }, call.query, minuteView));
}

async function receipt({ store }: ControlPorts, call: Call<'receipt.show'>) {
  const cluster = own(await rowOf(store, 'cluster', call.params.cluster), call);
  if (!cluster) return missing('cluster', call.params.cluster);
  const found = await rowOf(store, 'receipt', cluster.id);
  return found ? answer(found.receipt) : refuse({ code: 'receipt.open', context: { cluster: cluster.id, state: cluster.state } });
}

async function viewed({ store, policy }: ControlPorts, cluster: ClusterRow) {
  return clusterView(cluster, await rowsOf(store, 'lease', cluster.leases), policy.notice);
}

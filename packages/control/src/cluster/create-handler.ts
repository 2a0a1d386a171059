// cluster.create over HTTP: a signed quote becomes a cluster, its leases and its hold, or nothing does.
import type { LeaseId } from '@iog/protocol';
import { type BalanceRow, type DeviceRow, type LeaseRow, availableOf, checkQuote, createCluster, holdOf, reject } from '@iog/core';
import { canonical, verify } from '@iog/seal';
import { type ControlPorts, type Read, newId } from '../ports.ts';
import { type Call, accountOf, command } from '../command.ts';
import { clusterView } from './views.ts';
import { wakeCluster } from './wake.ts';

export async function createHandler(ports: ControlPorts, call: Call<'cluster.create'>) {
  const leases: LeaseRow[] = [];
  const outcome = await command(
    ports,
    call,
    call.body.name,
    (read) => decideCreate(ports, call, read, leases),
    (cluster) => clusterView(cluster, leases, ports.policy.notice),
  );
  if ('ok' in outcome && outcome.ok) wakeCluster(ports, outcome.answer.id, leases, call.request);
  return outcome;
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

// What was acknowledged against what is there: each acknowledged operation left what it promised, and says the same when it is repeated.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ApiError, type IogClient } from '@iog/client';
import type { Broken } from '@iog/control';
import { type ClusterRow, type DeviceRow, type JobRow, type LeaseRow, type Row, availableOf } from '@iog/core';
import type { Acknowledged, Journal } from './journal.ts';

const youngestBlobs = 50;

/** Promises of `journal` that `rows` and the blobs in `blobDir` do not keep. */
export function brokenPromises(journal: Journal, rows: readonly Row[], blobDir: string): Broken[] {
  const byId = new Map(rows.map((row) => [`${row.kind} ${row.id}`, row]));
  const found = <R extends Row>(kind: R['kind'], id: string): R | undefined => byId.get(`${kind} ${id}`) as R | undefined;
  return [
    ...journal
      .of('cluster.create')
      .flatMap((each) => keptCluster(each, found<ClusterRow>('cluster', each.answer.id), (id) => found<LeaseRow>('lease', id))),
    ...journal.of('cluster.end').flatMap(({ n, answer }) => {
      const row = found<ClusterRow>('cluster', answer.id);
      return says(
        n,
        'cluster.end',
        answer.id,
        { ends: true, reason: answer.endReason },
        { ends: row?.state === 'ending' || row?.state === 'ended', reason: row?.endReason },
      );
    }),
    ...journal.of('job.submit').flatMap(({ n, answer }) => {
      const { id, cluster, name, createdAt, retries } = answer;
      const row = found<JobRow>('job', id);
      return says(
        n,
        'job.submit',
        id,
        { cluster, name, createdAt, retries },
        row && pick(row, ['cluster', 'name', 'createdAt', 'retries']),
      );
    }),
    ...journal.of('job.stop').flatMap(({ n, answer }) => {
      const row = found<JobRow>('job', answer.id);
      return says(n, 'job.stop', answer.id, { stop: true }, row && { stop: row.assigned.stop });
    }),
    ...keptDevices(journal, (id) => found<DeviceRow>('device', id)),
    ...keptMoney(journal, rows),
    ...keptBlobs(journal, blobDir),
  ];
}

/** Repeats acknowledged operations under their keys: each must give the answer that it gave. */
export async function brokenReplays(entries: Journal['entries'], clientOf: (account: string) => IogClient): Promise<Broken[]> {
  const broken: Broken[] = [];
  for (const { n, account, route, input, answer } of entries) {
    if (route === 'blob.put') continue;
    try {
      const again: unknown = await clientOf(account).call(route, input as never);
      broken.push(...says(n, `${route} again`, account, answer, again));
    } catch (error) {
      broken.push({
        law: `${route} again`,
        subject: `journal ${n}`,
        detail: error instanceof ApiError ? error.problem.code : String(error),
      });
    }
  }
  return broken;
}

function keptCluster(
  { n, answer }: Acknowledged<'cluster.create'>,
  row: ClusterRow | undefined,
  leaseOf: (id: string) => LeaseRow | undefined,
): Broken[] {
  const { id, account, name, capMicro, heldMicro, createdAt, endsAt, demand, leases } = answer;
  const has = row && {
    ...pick(row, ['id', 'account', 'name', 'createdAt', 'endsAt', 'demand']),
    capMicro: String(row.capMicro),
    heldMicro: String(row.heldMicro),
    leases: leases.map((lease) => {
      const found = row.leases.includes(lease.id) ? leaseOf(lease.id) : undefined;
      return found && { ...pick(found, ['id', 'device', 'slice']), rate: String(found.rateMicroPerHour) };
    }),
  };
  const promised = { id, account, name, createdAt, endsAt, demand, capMicro, heldMicro };
  const nodes = leases.map(({ id: lease, device, slice, rateMicroPerHour }) => ({ id: lease, device, slice, rate: rateMicroPerHour }));
  return says(n, 'cluster.create', id, { ...promised, leases: nodes }, has);
}

/** The supplier does one thing after the other: what it was told last is what must be so. */
function keptDevices(journal: Journal, deviceOf: (id: string) => DeviceRow | undefined): Broken[] {
  const prices = new Map(journal.of('device.price').map((each) => [each.answer.id, each]));
  const steered = [...journal.of('device.drain'), ...journal.of('device.resume')].toSorted((a, b) => a.n - b.n);
  const states = new Map(steered.map((each) => [each.answer.id, each]));
  return [
    ...[...prices].flatMap(([id, { n, answer }]) => says(n, 'device.price', id, answer.prices, deviceOf(id)?.prices)),
    ...[...states].flatMap(([id, { n, route }]) => {
      const drains = (route as string) === 'device.drain';
      return says(n, route, id, drains, deviceOf(id)?.state === 'draining');
    }),
  ];
}

function keptMoney(journal: Journal, rows: readonly Row[]): Broken[] {
  return journal.of('faucet.draw').flatMap(({ n, input, answer }) => {
    const given = rows.some(
      (row) =>
        row.kind === 'entry' &&
        row.entry === 'faucet' &&
        row.lines.some(
          ({ account, amountMicro }) => account === availableOf(answer.account) && amountMicro === BigInt(input.body.amountMicro),
        ),
    );
    return says(n, 'faucet.draw', answer.account, true, given);
  });
}

/** All are there; the youngest are read again, whole. */
function keptBlobs(journal: Journal, blobDir: string): Broken[] {
  const files = new Map(fs.globSync(path.join(blobDir, 'packages/*/*')).map((file) => [path.basename(file), file]));
  const put = journal.of('blob.put');
  return put.flatMap(({ n, answer: { blob } }, i) => {
    const file = files.get(blob);
    const has = file === undefined || i >= put.length - youngestBlobs ? digestOf(file) : blob;
    return says(n, 'blob.put', blob, blob, has);
  });
}

function digestOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

function says(n: number, law: string, subject: string, promised: unknown, has: unknown): Broken[] {
  const same = isDeepStrictEqual(plain(promised), plain(has));
  return same ? [] : [{ law, subject: `${subject} (journal ${n})`, detail: `promised ${text(promised)}; there is ${text(has)}` }];
}

function pick<T extends object, K extends keyof T>(row: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, row[name]])) as Pick<T, K>;
}

function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function text(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 1_500) ?? 'nothing';
}

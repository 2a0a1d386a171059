// Removing the blobs that nobody needs any more. The row says that a blob goes before its bytes do, so that a crash in between is made good.
import { type BlobRow, type ClusterRow, type JobRow, letBlobGo, unshelved } from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';
import { eachAlone } from '../loop.ts';
import { cursorOf } from '../store/store.ts';

const blobsAtOnce = 50;
const namesAtOnce = 200;

/** Removes some blobs that are due; tells whether there may be more. */
export async function sweepBlobs(ports: ControlPorts): Promise<boolean> {
  const due = await ports.store.query({ kind: 'blob', index: 'due', atMost: ports.clock.now(), limit: blobsAtOnce });
  let removed = 0;
  await eachAlone(ports.log, 'blobs', due, async ({ row }) => {
    await removeBlob(ports, row.id);
    removed += 1;
  });
  // Where some could not be removed, the next ones wait for the next step.
  return removed === blobsAtOnce;
}

async function removeBlob(ports: ControlPorts, name: string): Promise<void> {
  const going = await change(ports, async (read) => {
    const blob = await read.one('blob', name);
    const next = letBlobGo(blob, ports.clock.now());
    return { writes: next === undefined || next === blob ? [] : [next], value: next !== undefined };
  });
  if (!going) return;
  await ports.blobs.remove(name);
  await change(ports, async (read) => {
    const blob = await read.one('blob', name);
    if (blob?.state !== 'going') return { writes: [], value: undefined };
    return { writes: unshelved(blob, await read.one('shelf', blob.shelf)), deletes: [{ kind: 'blob', id: name }], value: undefined };
  });
}

export interface OrphanScan {
  /** Looks at some more of the directory; tells whether there is more. */
  step(): Promise<boolean>;
}

/**
 * Looks once through the directory for blobs without a row, as a store that was put back from a backup has them, and the store of a build that kept no rows of blobs. Each gets a row, so that it goes the way of all blobs: it may be uploaded or named again first.
 */
export function orphanScan(ports: ControlPorts): OrphanScan {
  let names: AsyncGenerator<string> | undefined = ports.blobs.names();
  const needs = packageNeeds(ports);
  return {
    async step() {
      if (!names) return false;
      const batch: string[] = [];
      while (batch.length < namesAtOnce) {
        const next = await names.next();
        if (next.done === true) break;
        batch.push(next.value);
      }
      const rows = await ports.store.load(batch.map((id) => ({ kind: 'blob', id })));
      for (const [i, name] of batch.entries()) if (!rows[i]) await adopt(ports, name, await needs(name));
      if (batch.length < namesAtOnce) names = undefined;
      return names !== undefined;
    },
  };
}

async function adopt(ports: ControlPorts, name: string, neededUntil: number): Promise<void> {
  await change(ports, async (read) => {
    if (await read.one('blob', name)) return { writes: [], value: undefined };
    const [sort, owner = ''] = name.split('/');
    const keepUntil = Math.max(neededUntil, ports.clock.now() + ports.policy.retention.looseBlobMs);
    const job: JobRow | undefined = sort === 'logs' ? await read.one('job', owner) : undefined;
    const cluster = job && (await read.one('cluster', job.cluster));
    // Not counted toward any shelf: it is not known to be there for certain until it is put again.
    const row: BlobRow = {
      kind: 'blob',
      id: name,
      shelf: job ? logShelf(job.account) : packageShelf(owner),
      bytes: 0,
      state: 'coming',
      keepUntil: cluster ? Math.max(keepUntil, cluster.endsAt + ports.policy.retention.blobMs) : keepUntil,
    };
    return { writes: [row], value: undefined };
  });
}

/** Until when the jobs of its account need a package. What an account's jobs name is read once. */
function packageNeeds(ports: ControlPorts): (name: string) => Promise<number> {
  const known = new Map<string, Map<string, number>>();
  const readNeeds = async (account: string): Promise<Map<string, number>> => {
    const needs = new Map<string, number>();
    for (let after: string | undefined; ;) {
      const page = { kind: 'cluster', index: 'account', equals: account, limit: namesAtOnce, ...(after === undefined ? {} : { after }) };
      const clusters = (await ports.store.query(page)).map(({ row }) => row as ClusterRow);
      for (const { jobs, endsAt } of clusters) {
        const until = endsAt + ports.policy.retention.blobMs;
        for (const found of await ports.store.load(jobs.map((id) => ({ kind: 'job', id })))) {
          const named = (found?.row as JobRow | undefined)?.assigned.package ?? null;
          if (named !== null) needs.set(named, Math.max(until, needs.get(named) ?? 0));
        }
      }
      const last = clusters.length === namesAtOnce ? clusters.at(-1) : undefined;
      if (!last) return needs;
      after = cursorOf(last);
    }
  };
  return async (name) => {
    const [sort, account = '', blob = ''] = name.split('/');
    if (sort !== 'packages') return 0;
    const needs = known.get(account) ?? (await readNeeds(account));
    known.set(account, needs);
    return needs.get(blob) ?? 0;
  };
}

export const packageShelf = (account: string): string => `${account}/packages`;
export const logShelf = (account: string): string => `${account}/logs`;

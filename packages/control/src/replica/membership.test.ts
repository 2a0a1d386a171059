// The fence: a decision that rests on a claim stands only while the claim does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardIds, shardOf } from '@iog/core';
import { change } from '../ports.ts';
import { openSqlite } from '../store/sqlite/open.ts';
import { tables } from '../tables.ts';
import { joinReplicas } from './membership.ts';

const leaseMs = 15_000;

const never = () => ({ cancel: () => undefined });

function clockOf() {
  let now = 1_000_000;
  return {
    now: () => now,
    after: never,
    reached: (at: number) => void (now = Math.max(now, at)),
    awakeSince: () => 0,
    pass: (ms: number) => void (now += ms),
  };
}

async function twoOf(t: { after(run: () => Promise<void>): void }) {
  const store = openSqlite({ path: ':memory:', tables });
  t.after(() => store.close());
  const [clockA, clockB] = [clockOf(), clockOf()];
  const reasons: Error[] = [];
  const superseded = (error: Error): void => void reasons.push(error);
  const join = (id: string, clock: ReturnType<typeof clockOf>) =>
    joinReplicas({ store, clock, log: () => undefined }, { id, leaseMs, reconnectMs: 1_000, superseded });
  return { store, clockA, clockB, a: await join('a', clockA), b: await join('b', clockB), again: () => join('a', clockA), reasons };
}

test('a step that read its claim before another took it over commits nothing', async (t) => {
  const { store, a, b, clockB } = await twoOf(t);
  await a.refresh();
  const cluster = 'clu_any';
  // A frozen process: its clock does not move, and it does not know that its time is over.
  let tries = 0;
  const written = await change({ store }, async (read) => {
    tries += 1;
    if (!(await a.holds(read, cluster))) return { writes: [], value: false };
    if (tries === 1) {
      clockB.pass(leaseMs + 1);
      await b.refresh();
      await b.refresh();
      assert.ok(b.mine(cluster));
    }
    return { writes: [{ kind: 'clock', id: 'clock', now: 1 }], value: true };
  });
  assert.deepEqual([written, tries], [false, 2]);
  assert.equal((await store.load([{ kind: 'clock', id: 'clock' }]))[0], undefined);
});

test('whose time is over decides nothing, also where nobody has taken over; renewed, it has its shards still', async (t) => {
  const { store, a, clockA } = await twoOf(t);
  await a.refresh();
  const holds = () => change({ store }, async (read) => ({ writes: [], value: await a.holds(read, 'clu_any') }));
  const before = await holds();
  clockA.pass(leaseMs);
  assert.equal(await holds(), false);
  await a.refresh();
  assert.deepEqual([before, await holds()], [a.mine('clu_any'), true]);
});

test('a later life of the same directory has its claims at once; the earlier one is over', async (t) => {
  const { store, a, b, again, reasons } = await twoOf(t);
  await b.leave();
  await a.refresh();
  const later = await again();
  assert.equal(await later.refresh(), true);
  const shards = await store.load(shardIds.map((id) => ({ kind: 'shard', id })));
  assert.deepEqual(new Set(shards.map((each) => (each?.row as { owner?: string } | undefined)?.owner)), new Set(['a']));
  assert.deepEqual([await a.refresh(), await a.refresh()], [false, false]);
  assert.match(
    reasons.map(({ message }) => message).join(),
    /^[^,]*: stop it, or remove the file replica.id from the copy, and start both again$/,
  );
  assert.equal(a.mine('clu_any'), false);
  assert.equal(later.mine('clu_any'), shardIds.includes(shardOf('clu_any')));
});

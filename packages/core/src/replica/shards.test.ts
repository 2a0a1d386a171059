// Shards: fairly spread, never taken from who lives, always taken over from who does not, and each claim under a newer generation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ReplicaRow, ShardRow } from '../rows.ts';
import { type ReplicaName, claimShards, enterReplica, isAlive, ownsShard, renewReplica, shardIds, shardOf } from './shards.ts';

const leaseMs = 15_000;
const names = ['a', 'b', 'c'];

/** A store of shards and replicas, and each replica's memory of its claims. */
function world() {
  const replicas = new Map<string, ReplicaRow>();
  const shards = new Map<string, ShardRow>();
  const held = new Map<string, Map<string, number>>();
  let now = 1_000_000;
  const name = (id: string): ReplicaName => ({ id, generation: replicas.get(id)?.generation ?? 0 });
  const owned = (id: string): string[] =>
    [...shards.values()].filter((row) => ownsShard(row, name(id), held.get(id)?.get(row.id))).map((row) => row.id);
  return {
    replicas,
    shards,
    owned,
    pass: (ms: number) => void (now += ms),
    start(id: string) {
      replicas.set(id, enterReplica(replicas.get(id), id, now, leaseMs));
      held.set(id, new Map());
    },
    step(id: string) {
      const renewed = renewReplica(replicas.get(id), name(id), now, leaseMs);
      if (!renewed) return;
      replicas.set(id, renewed);
      const mine = held.get(id) ?? new Map<string, number>();
      for (const row of claimShards({ replicas: [...replicas.values()], shards: [...shards.values()], held: mine }, name(id), now)) {
        const before = shards.get(row.id);
        assert.ok(row.generation === (before?.generation ?? 0) + 1);
        const lived = before !== undefined && before.owner !== id && before.owner !== '' && isAlive(replicas.get(before.owner), now);
        assert.ok(!lived, `${row.id} was taken from ${before?.owner}, who lives`);
        shards.set(row.id, row);
        if (row.owner === id) mine.set(row.id, row.generation);
        else mine.delete(row.id);
      }
    },
  };
}

test('one replica has all shards after its first step, and again at once after a restart', () => {
  const w = world();
  w.start('a');
  w.step('a');
  assert.deepEqual(w.owned('a'), [...shardIds]);
  w.start('a');
  assert.deepEqual(w.owned('a'), []);
  w.step('a');
  assert.deepEqual(w.owned('a'), [...shardIds]);
});

test('law: whatever came before, the living share all shards once each has stepped twice', () => {
  const act = fc.record({ who: fc.constantFrom(...names), what: fc.constantFrom('start', 'step', 'step', 'step'), ms: fc.nat(9_000) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.subarray(names, { minLength: 1 }), (acts, living) => {
      const w = world();
      for (const { who, what, ms } of acts) {
        w.pass(ms);
        if (what === 'start' || !w.replicas.has(who)) w.start(who);
        else w.step(who);
      }
      w.pass(2 * leaseMs);
      for (const who of living) w.start(who);
      for (let i = 0; i < 2; i++) for (const who of living) w.step(who);
      const all = living.flatMap((who) => w.owned(who));
      assert.deepEqual(all.toSorted(), [...shardIds]);
      for (const who of living) assert.ok(w.owned(who).length <= Math.ceil(shardIds.length / living.length));
    }),
  );
});

test('a life that another has followed renews nothing, and its claims are void', () => {
  const w = world();
  w.start('a');
  const old = w.replicas.get('a') as ReplicaRow;
  w.start('a');
  assert.equal(renewReplica(w.replicas.get('a'), old, old.since, leaseMs), undefined);
});

test('clusters are spread over all shards', () => {
  const found = new Set(Array.from({ length: 200 }, (_, i) => shardOf(`clu_${i}`)));
  assert.equal(found.size, shardIds.length);
});

// Laws of decisions: load, decide, commit, and again where a row was stale.
import { strict as assert } from 'node:assert';
import type { Store } from '../store.ts';
import { transact } from '../decide.ts';
import { type Contract, type Count, type TestRows, key, note, put, versions } from './test-rows.ts';

function increment(store: Store, id: string): Promise<bigint> {
  return transact<TestRows, bigint>(store, async (read) => {
    const n = ((await read.one('count', id))?.n ?? 0n) + 1n;
    return { writes: [{ kind: 'count', id, n } satisfies Count], value: n };
  });
}

export function decisionLaws(law: Contract): void {
  law('sixteen that count together lose nothing', async (store) => {
    const counted = await Promise.all(Array.from({ length: 16 }, () => times(20, () => increment(store, 'c'))));
    assert.equal(new Set(counted.flat()).size, 320);
    const [found] = await store.load([key('c', 'count')]);
    assert.deepEqual(found, { version: 320, row: { kind: 'count', id: 'c', n: 320n } });
  });

  law('a decision that stays stale is contended after 25 tries, and applies nothing', async (store) => {
    let tries = 0;
    const work = transact<TestRows, void>(store, async (read) => {
      await read.many('count', ['c', 'other']);
      tries++;
      await increment(store, 'c');
      return { writes: [note('never')], value: undefined };
    });
    await assert.rejects(work, { name: 'StoreFault', code: 'store.contended' });
    assert.equal(tries, 25);
    assert.deepEqual(await versions(store, 'never'), [0]);
  });

  law('a key read twice is one row; listed rows count once they are tracked', async (store) => {
    await store.commit(put(note('a', { owner: 'o' })));
    for (const tracked of [false, true]) {
      let tries = 0;
      await transact<TestRows, void>(store, async (read) => {
        assert.equal(await read.one('note', `none`), undefined);
        const rows = await read.list({ kind: 'note', index: 'owner', equals: 'o', limit: 9 });
        if (tracked) read.track(rows);
        const before = await read.one('note', 'b');
        if (tries++ === 0) await increment(store, 'c');
        if (tries === 1) await bump(store, 'a');
        assert.equal(await read.one('note', 'b'), before);
        return { writes: [note(`done-${tracked}`)], value: undefined };
      });
      assert.equal(tries, tracked ? 2 : 1);
    }
  });

  law('what fails over rows that changed meanwhile is decided again; a true failure is thrown', async (store) => {
    let tries = 0;
    const value = await transact<TestRows, string>(store, async (read) => {
      const n = (await read.one('count', 'c'))?.n ?? 0n;
      if (tries++ === 0) await increment(store, 'c');
      assert.equal(n, 1n);
      return { writes: [], value: 'whole' };
    });
    assert.deepEqual([value, tries], ['whole', 2]);
    await assert.rejects(
      transact(store, () => Promise.reject(new Error('a bug'))),
      /a bug/,
    );
  });
}

async function bump(store: Store, id: string): Promise<void> {
  const [found] = await store.load([key(id)]);
  assert.ok(found);
  assert.deepEqual(await store.commit({ reads: [{ key: key(id), version: found.version }], writes: [found.row] }), { ok: true });
}

async function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  for (let i = 0; i < count; i++) done.push(await work());
  return done;
}

// What every store does, whatever it is made of: the tests that each implementation passes.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type Query, type Store, cursorOf } from '../store.ts';
import { decisionLaws } from './decision-laws.ts';
import { modelLaw } from './store-model.ts';
import { type Contract, type Note, type Opened, key, note, put, versions } from './test-rows.ts';

export function storeContract(name: string, open: () => Promise<Opened>): void {
  const law: Contract = (title, body) =>
    void test(`${name}: ${title}`, async () => {
      const opened = await open();
      try {
        await body(opened.store, opened);
      } finally {
        await opened.close();
      }
    });
  versionLaws(law);
  groupLaws(law);
  valueLaws(law);
  pageLaws(law);
  decisionLaws(law);
  law('does what a model of it does', (store) => modelLaw(store));
}

function versionLaws(law: Contract): void {
  law('a commit with a stale read applies nothing and names what is stale', async (store) => {
    await store.commit(put(note('a'), note('b')));
    const reads = [
      { key: key('a'), version: 1 },
      { key: key('b'), version: 2 },
      { key: key('c'), version: 1 },
    ];
    const result = await store.commit({ reads, writes: [note('a', { due: 1 }), note('d')], deletes: [key('b')] });
    assert.deepEqual(result, { ok: false, stale: [key('b'), key('c')] });
    assert.deepEqual(await versions(store, 'a', 'b', 'c', 'd'), [1, 1, 0, 0]);
  });

  law('each write adds one to the version read', async (store) => {
    await store.commit(put(note('a')));
    for (let version = 1; version < 4; version++) {
      assert.deepEqual(await store.commit({ reads: [{ key: key('a'), version }], writes: [note('a', { due: version })] }), { ok: true });
    }
    assert.deepEqual(await versions(store, 'a'), [4]);
  });

  law('absence that was read must stand, and what is written unread must be absent', async (store) => {
    const absent = { reads: [{ key: key('a'), version: 0 }], writes: [note('b')] };
    assert.deepEqual(await store.commit(absent), { ok: true });
    assert.deepEqual(await store.commit(absent), { ok: false, stale: [key('b')] });
    await store.commit(put(note('a')));
    assert.deepEqual(await store.commit({ ...absent, writes: [note('c')] }), { ok: false, stale: [key('a')] });
    assert.deepEqual(await versions(store, 'a', 'b', 'c'), [1, 1, 0]);
  });

  law('a row made again has no version that its key had before', async (store) => {
    await store.commit(put(note('a')));
    await store.commit({ reads: [{ key: key('a'), version: 1 }], writes: [note('a', { due: 1 })] });
    await store.commit({ reads: [], writes: [], deletes: [key('a')] });
    await store.commit(put(note('a')));
    const [version = 0] = await versions(store, 'a');
    assert.ok(version > 2, `version ${version}`);
  });

  law('deleting what is absent is done already; changing a key twice is a bug', async (store) => {
    assert.deepEqual(await store.commit({ reads: [], writes: [], deletes: [key('none')] }), { ok: true });
    await assert.rejects(store.commit(put(note('a'), note('a'))), /changes note a twice/);
    await assert.rejects(store.commit({ reads: [], writes: [note('a')], deletes: [key('a')] }), /twice/);
    await assert.rejects(store.commit(put({ kind: 'nothing', id: 'a' })), /no table is declared/);
  });
}

function groupLaws(law: Contract): void {
  law('of commits made together each is judged alone, later ones after earlier ones', async (store) => {
    const results = await Promise.all([
      store.commit(put(note('a'))),
      store.commit(put(note('a', { due: 9 }), note('lost'))),
      store.commit({ reads: [{ key: key('a'), version: 1 }], writes: [note('a', { due: 1 })] }),
      store.commit({ reads: [{ key: key('a'), version: 1 }], writes: [note('b')] }),
      store.commit({ reads: [{ key: key('a'), version: 2 }], writes: [note('c')] }),
    ]);
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [true, false, true, false, true],
    );
    assert.deepEqual(await versions(store, 'a', 'lost', 'b', 'c'), [2, 0, 0, 1]);
  });

  law('a thousand commits at once, and all are kept', async (store, opened) => {
    const names = Array.from({ length: 1000 }, (_, i) => `n${i}`);
    await Promise.all(names.map((id) => store.commit(put(note(id, { owner: 'o' })))));
    const again = await opened.reopen();
    assert.deepEqual(
      await versions(again, ...names),
      names.map(() => 1),
    );
    assert.equal((await again.query({ kind: 'note', index: 'owner', equals: 'o', limit: 1000 })).length, 1000);
  });

  law('closing ends what was asked before, and refuses what is asked after', async (store, opened) => {
    const asked = store.commit(put(note('a')));
    const again = await opened.reopen();
    assert.deepEqual(await asked, { ok: true });
    assert.deepEqual(await versions(again, 'a'), [1]);
    const closed = { name: 'StoreFault', code: 'store.closed' };
    await assert.rejects(store.load([key('a')]), closed);
    await assert.rejects(store.commit(put(note('b'))), closed);
    await store.close();
  });
}

function valueLaws(law: Contract): void {
  law('values come back as they were, bigints and what looks like one too', async (store, opened) => {
    const value = {
      big: [2n ** 200n, -1n, 0n],
      lookalike: { $bigint: '12x' },
      dollars: { $: 1, $$bigint: '5', deep: [{ $bigint: '5' }, { $bigint: 6n }] },
      text: 'a\u0000b \ud800 ä €',
      empty: {},
      nothing: null,
      proto: JSON.parse('{"__proto__":{"$x":1},"$y":{"__proto__":2}}') as unknown,
    };
    await store.commit(put(note('a', { value: { ...value, dropped: undefined } })));
    const [found] = await (await opened.reopen()).load([key('a')]);
    assert.deepEqual(found, { version: 1, row: note('a', { value }) });
    await assert.rejects((await opened.reopen()).commit(put(note('b', { value: Number.NaN }))), /cannot keep the number/);
  });

  law('a row of 8 MiB is a row', async (store, opened) => {
    const value = 'x'.repeat(8 << 20);
    await store.commit(put(note('a', { value })));
    const [found] = await (await opened.reopen()).load([key('a')]);
    assert.equal((found?.row as Note | undefined)?.value, value);
  });

  law('a row that was loaded is the loader’s own', async (store) => {
    await store.commit(put(note('a', { value: { n: 1 } })));
    const [one] = await store.load([key('a')]);
    assert.ok(one);
    ((one.row as Note).value as { n: number }).n = 2;
    assert.deepEqual((await store.load([key('a')]))[0]?.row, note('a', { value: { n: 1 } }));
  });
}

async function ids(store: Store, query: Omit<Query, 'kind'>): Promise<string[]> {
  return (await store.query({ kind: 'note', ...query })).map(({ row }) => row.id);
}

function pageLaws(law: Contract): void {
  law('an index follows updates and deletes', async (store) => {
    await store.commit(put(note('a', { owner: 'x', due: 1 }), note('b', { owner: 'x' })));
    assert.deepEqual(await ids(store, { index: 'owner', equals: 'x', limit: 9 }), ['a', 'b']);
    await store.commit({ reads: [{ key: key('a'), version: 1 }], writes: [note('a', { owner: 'y', due: 2 })] });
    assert.deepEqual(await ids(store, { index: 'owner', equals: 'x', limit: 9 }), ['b']);
    assert.deepEqual(await ids(store, { index: 'owner', equals: 'y', limit: 9 }), ['a']);
    assert.deepEqual(await ids(store, { index: 'due', atMost: 1, limit: 9 }), []);
    await store.commit({ reads: [{ key: key('a'), version: 2 }], writes: [note('a')], deletes: [key('b')] });
    for (const equals of ['x', 'y']) assert.deepEqual(await ids(store, { index: 'owner', equals, limit: 9 }), []);
    assert.deepEqual(await ids(store, { index: 'owner', limit: 9 }), []);
    assert.deepEqual(await ids(store, { index: 'all', limit: 9 }), ['a']);
  });

  law('what is due comes in its order, up to a moment, page by page', async (store) => {
    const dues = [30, 10, 20.5, 10, -5, 40, 1e15];
    await store.commit(put(...dues.map((due, i) => note(`n${i}`, { due }))));
    assert.deepEqual(await ids(store, { index: 'due', atMost: 30, limit: 9 }), ['n4', 'n1', 'n3', 'n2', 'n0']);
    const first = await store.query({ kind: 'note', index: 'due', limit: 2 });
    const last = first[1]?.row as Note;
    assert.equal(last.id, 'n1');
    assert.deepEqual(await ids(store, { index: 'due', after: cursorOf(last), atMost: 30, limit: 2 }), ['n3', 'n2']);
    // With its sort, a cursor stands although its row has gone.
    await store.commit({ reads: [], writes: [], deletes: [key('n1')] });
    assert.deepEqual(await ids(store, { index: 'due', after: cursorOf(last, 10), limit: 2 }), ['n3', 'n2']);
    assert.deepEqual(await ids(store, { index: 'due', after: cursorOf(last, 10), limit: 9, descending: true }), ['n4']);
  });

  law('ids order bytewise, and pages go both ways', async (store) => {
    const names = ['~~', '~', 'Z', 'a', 'aa', 'ä', 'é', '\uffee', '😀', ''];
    const bytewise = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    await store.commit(put(...names.map((id) => note(id, { owner: 'o', name: id }))));
    for (const [index, equals] of [
      ['owner', { equals: 'o' }],
      ['name', {}],
      ['all', {}],
    ] as const) {
      for (const descending of [false, true]) {
        const seen: string[] = [];
        let after: { after?: string } = {};
        for (;;) {
          const page = await store.query({ kind: 'note', index, ...equals, ...after, limit: 3, descending });
          seen.push(...page.map(({ row }) => row.id));
          const last = page.at(-1);
          if (page.length < 3 || !last) break;
          after = { after: cursorOf(last.row) };
        }
        assert.deepEqual(seen, descending ? bytewise.toReversed() : bytewise, `${index} ${descending}`);
      }
    }
  });

  law('a cursor from outside does no harm; a query out of its limits is a bug', async (store) => {
    await store.commit(put(note('a', { owner: 'o' })));
    for (const after of ['', '~', '~{', '~[1,2]', '~[null,"a"]', '\u0000', '\ud800', 'zz'])
      await ids(store, { index: 'owner', equals: 'o', after, limit: 1 });
    for (const limit of [0, 1001, 1.5]) await assert.rejects(ids(store, { index: 'owner', limit }), /a query for/);
    await assert.rejects(ids(store, { index: 'nope', limit: 1 }), /no index/);
  });
}

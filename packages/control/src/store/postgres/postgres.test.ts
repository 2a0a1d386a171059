import { strict as assert } from 'node:assert';
import { type TestContext, after, test } from 'node:test';
import { catalogOf } from '../catalog.ts';
import { transact } from '../decide.ts';
import { type Store, StoreFault, type TableSpec } from '../store.ts';
import { storeContract } from '../test/store-contract.ts';
import { type Count, type Opened, type TestRows, key, note, put, testTables } from '../test/test-rows.ts';
import { prepareCommit } from '../prepare.ts';
import { type Connection, connect, targetOf } from './connection.ts';
import { migrations } from './migrations.ts';
import { openPostgres } from './open.ts';
import { prepareSchema } from './schema.ts';
import { cuttingProxy } from './test/cutting-proxy.ts';
import { testServer } from './test/server.ts';
import { postgresWriter } from './write.ts';

const server = await testServer();
after(() => server.stop());
let schemas = 0;

storeContract('PostgreSQL', async (): Promise<Opened> => {
  const url = server.url(`law_${schemas++}`);
  let store = await openPostgres({ url, tables: testTables });
  return {
    store,
    async reopen() {
      await store.close();
      store = await openPostgres({ url, tables: testTables });
      return store;
    },
    close: () => store.close(),
  };
});

const fault = (code: string) => (error: unknown) => error instanceof StoreFault && error.code === code;

async function opened(t: TestContext, options: { url?: string; patienceMs?: number } = {}): Promise<Store> {
  const store = await openPostgres({ url: server.url(`test_${schemas++}`), tables: testTables, ...options });
  t.after(() => store.close());
  return store;
}

/** Adds one to both counts, and leaves a mark of the number. */
function countPair(store: Store): Promise<bigint> {
  return transact<TestRows, bigint>(store, async (read) => {
    const next = ((await read.one('count', 'left'))?.n ?? 0n) + 1n;
    await read.one('count', 'right');
    return { writes: ['left', 'right', `mark-${next}`].map((id): Count => ({ kind: 'count', id, n: next })), value: next };
  });
}

/** Where two stores write at once, 25 decisions may not be enough. */
async function patientPair(store: Store): Promise<bigint> {
  for (;;) {
    try {
      return await countPair(store);
    } catch (error) {
      if (!fault('store.contended')(error)) throw error;
    }
  }
}

async function countsOf(store: Store, ...ids: string[]): Promise<(bigint | undefined)[]> {
  return (await store.load(ids.map((id) => key(id, 'count')))).map((found) => (found?.row as Count | undefined)?.n);
}

test('what was acknowledged survives kill -9 of the server, whole; commits go on once it is back', { timeout: 90_000 }, async (t) => {
  const store = await opened(t, { patienceMs: 30_000 });
  const said: bigint[] = [];
  const stop = new AbortController();
  const writers = Array.from({ length: 4 }, async () => {
    while (!stop.signal.aborted) said.push(await countPair(store));
  });
  for (let round = 1; round <= 3; round++) {
    const enough = said.length + 7 * round;
    while (said.length < enough) await new Promise(setImmediate);
    await server.kill();
    await server.start();
  }
  stop.abort();
  await Promise.all(writers);
  assert.equal(new Set(said).size, said.length);
  const n = BigInt(said.length);
  assert.deepEqual(await countsOf(store, 'left', 'right', `mark-${n}`, `mark-${n + 1n}`), [n, n, n, undefined]);
});

test('a commit whose reply is lost is neither failed nor done twice', { timeout: 60_000 }, async (t) => {
  const proxy = await cuttingProxy(server.port);
  const store = await opened(t, { url: server.url(`test_${schemas++}`, proxy.port) });
  t.after(() => proxy.close());
  let n = 0n;
  for (const cut of ['before', 'after', 'reply', 'after', 'reply'] as const) {
    proxy.arm(cut);
    // Not decided again by transact: the store itself has found out.
    const write: Count = { kind: 'count', id: 'c', n: n + 1n };
    assert.deepEqual(await store.commit({ reads: [{ key: key('c', 'count'), version: Number(n) }], writes: [write] }), { ok: true }, cut);
    n += 1n;
  }
  assert.equal(proxy.cuts(), 5);
  assert.deepEqual(await store.load([key('c', 'count')]), [{ version: 5, row: { kind: 'count', id: 'c', n: 5n } }]);
});

test('a group that was applied, though nothing was sent it was said, is done once; its number is never taken for that of another', async (t) => {
  const target = targetOf(server.url(`test_${schemas++}`));
  const catalog = catalogOf(testTables);
  const real = connect(target, 1);
  t.after(() => real.end());
  await prepareSchema(real, target, catalog);
  let lies = 0;
  const lying: Connection = {
    ...real,
    async ask(text, values) {
      const rows = await real.ask(text, values);
      if (lies === 0 || !text.includes('commit_group')) return rows;
      lies -= 1;
      throw Object.assign(new Error('it was not there'), { code: 'ECONNREFUSED' });
    },
  };
  const add = (n: bigint, version: number) => [
    prepareCommit({ reads: [{ key: key('c', 'count'), version }], writes: [{ kind: 'count', id: 'c', n } as Count] }, catalog),
  ];
  const patient = await postgresWriter(lying, target.name, 5_000);
  lies = 1;
  assert.deepEqual(await patient.write(add(1n, 0)), [{ ok: true }]);
  assert.deepEqual(await patient.write(add(2n, 1)), [{ ok: true }]);

  const hasty = await postgresWriter(lying, target.name, -1);
  lies = 1;
  await assert.rejects(hasty.write(add(3n, 2)), { code: 'ECONNREFUSED' });
  // The number is that of the group before: this one is stale, and must not be told that it was kept.
  assert.deepEqual(await hasty.write(add(3n, 2)), [{ ok: false, stale: [key('c', 'count')] }]);
  assert.deepEqual(await hasty.write(add(4n, 3)), [{ ok: true }]);
});

test('a store that stays away is unavailable; what was under way is unknown, and said to be', { timeout: 60_000 }, async (t) => {
  const proxy = await cuttingProxy(server.port);
  const store = await opened(t, { url: server.url(`test_${schemas++}`, proxy.port), patienceMs: 300 });
  proxy.arm('reply');
  const lost = assert.rejects(store.commit(put(note('a'))), fault('store.unknown'));
  while (proxy.cuts() === 0) await new Promise(setImmediate);
  await proxy.close();
  await lost;
  await assert.rejects(store.load([key('a')]), fault('store.unavailable'));
  await assert.rejects(opened(t, { url: server.url('away', proxy.port) }), fault('store.unavailable'));
});

test('two stores on one database: sums are right, and one wins the last core', { timeout: 60_000 }, async (t) => {
  const url = server.url(`test_${schemas++}`);
  const stores = await Promise.all([opened(t, { url }), opened(t, { url })]);
  const both = <T>(work: (store: Store) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: 16 }, (_, i) => work(stores[i % 2] as Store)));
  const said = (await both(patientPair)).concat(await both(patientPair));
  assert.equal(new Set(said).size, 32);
  assert.deepEqual(await countsOf(stores[0], 'left', 'right'), [32n, 32n]);

  const cores: Count = { kind: 'count', id: 'cores', n: 1n };
  await stores[0].commit(put(cores));
  const taken = await both((store) =>
    transact<TestRows, boolean>(store, async (read) => {
      const free = (await read.one('count', 'cores'))?.n ?? 0n;
      if (free === 0n) return { writes: [], value: false };
      return { writes: [{ kind: 'count', id: 'cores', n: free - 1n } satisfies Count], value: true };
    }),
  );
  assert.equal(taken.filter(Boolean).length, 1);
});

test('of two that each saw the other absent, one is stale', { timeout: 60_000 }, async (t) => {
  const url = server.url(`test_${schemas++}`);
  const [one, two] = await Promise.all([opened(t, { url }), opened(t, { url })]);
  for (let i = 0; i < 50; i++) {
    const [a, b] = [key(`a${i}`), key(`b${i}`)];
    const results = await Promise.all([
      one.commit({ reads: [{ key: a, version: 0 }], writes: [note(b.id)] }),
      two.commit({ reads: [{ key: b, version: 0 }], writes: [note(a.id)] }),
    ]);
    assert.equal(results.filter(({ ok }) => ok).length, 1);
  }
});

test('a user that may not write gets store.readonly; no message holds a password', async (t) => {
  await assert.rejects(opened(t, { url: `${server.url('ro')}&default_transaction_read_only=on` }), fault('store.readonly'));
  const { name } = targetOf('postgres://someone:s3cret@127.0.0.1:5432/iog');
  assert.equal(name, 'postgres://127.0.0.1:5432/iog (schema iog)');
  for (const url of ['s3cret', 'mysql://u:s3cret@h/d', 'postgres://u:s3cret@h/d?schema=S'])
    assert.throws(
      () => targetOf(url),
      (error) => !String(error).includes('s3cret'),
    );
});

test('a schema is led on step by step; an older build goes on where it still works, and else leaves it alone', async (t) => {
  const url = server.url(`test_${schemas++}`);
  const store = await opened(t, { url });
  await store.commit(put(note('a', { owner: 'o' })));
  const target = targetOf(url);
  const connection = connect(target, 1);
  t.after(() => connection.end());
  const catalog = catalogOf(testTables);
  const expand = { sql: "CREATE TABLE more (name text);\n INSERT INTO more VALUES ('x');", worksFor: 1 };
  await prepareSchema(connection, target, catalog, [...migrations, expand]);
  assert.equal((await connection.ask('SELECT name FROM more', [])).length, 1);
  assert.deepEqual((await (await opened(t, { url })).load([key('a')]))[0]?.row, note('a', { owner: 'o' }));
  await prepareSchema(connection, target, catalog, [...migrations, expand, { sql: 'DROP TABLE more;', worksFor: 3 }]);
  await assert.rejects(opened(t, { url }), fault('store.newer'));
});

test('an index declared later, or otherwise, files the rows that are there', async (t) => {
  const url = server.url(`test_${schemas++}`);
  const store = await opened(t, { url });
  await Promise.all(Array.from({ length: 450 }, (_, i) => store.commit(put(note(`n${i}`, { owner: 'o' })))));
  const tables: readonly TableSpec<never>[] = [
    { kind: 'note', indexes: { owner: () => undefined, whole: (row: { id: string }) => ({ equals: row.id }) } },
  ];
  const again = await openPostgres({ url, tables });
  t.after(() => again.close());
  assert.deepEqual(await again.query({ kind: 'note', index: 'owner', equals: 'o', limit: 9 }), []);
  for (const id of ['n0', 'n449']) assert.equal((await again.query({ kind: 'note', index: 'whole', equals: id, limit: 9 })).length, 1);
});

test('a server that is killed again and again holds nobody up for longer than its restart, and no commit is left unknown', async (t) => {
  const store = await opened(t);
  let isOver = false;
  let longestMs = 0;
  const busy = Array.from({ length: 3 }, async (_, i) => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- the test ends it
    for (let n = 0; !isOver; n++) {
      const begun = performance.now();
      await store.load([key('left', 'count')]);
      await store.commit(put(note(`busy-${i}-${n}`)));
      longestMs = Math.max(longestMs, performance.now() - begun);
    }
  });
  for (let i = 0; i < 2; i++) {
    await server.kill();
    await server.start();
    await countPair(store);
  }
  isOver = true;
  await Promise.all(busy);
  assert.ok(longestMs < 20_000, `something took ${Math.round(longestMs)} ms`);
});

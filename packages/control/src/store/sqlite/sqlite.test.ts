import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  closeSync,
  ftruncateSync,
  existsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type Store, StoreFault, type TableSpec } from '../store.ts';
import { type SqliteOptions, openSqlite } from './open.ts';
import { storeContract } from '../test/store-contract.ts';
import { type Count, type Opened, note, testTables } from '../test/test-rows.ts';

storeContract('SQLite', async (): Promise<Opened> => {
  const dir = mkdtempSync(join(tmpdir(), 'iog-store-'));
  let store = openIn(dir);
  return {
    store,
    async reopen() {
      await store.close();
      store = openIn(dir);
      return store;
    },
    async close() {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
});

function openIn(dir: string, options: Partial<SqliteOptions> = {}): Store {
  return openSqlite({ path: join(dir, 'store.db'), tables: testTables, ...options });
}

function fresh(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'iog-store-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const put = (store: Store, id: string, value?: unknown) => store.commit({ reads: [], writes: [note(id, { owner: 'o', value })] });
const fault = (code: string) => (error: unknown) => error instanceof StoreFault && error.code === code;

async function startWriter(dir: string): Promise<{ child: ChildProcess; numbers: AsyncIterator<string> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'test/writer.ts'), dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const numbers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, numbers };
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

test('what was acknowledged survives kill -9, whole', { timeout: 60_000 }, async (t) => {
  const dir = fresh(t);
  let acknowledged = 0n;
  for (let round = 1; round <= 6; round++) {
    const { child, numbers } = await startWriter(dir);
    t.after(() => child.kill('SIGKILL'));
    for (let i = 0; i < 7 * round; i++) acknowledged = BigInt((await numbers.next()).value ?? 0);
    await killed(child);
    // Numbers that were said before the kill are still in the pipe.
    for (let next = await numbers.next(); !next.done; next = await numbers.next()) acknowledged = BigInt(next.value);

    const store = openIn(dir);
    const [left, right] = (await store.load(['left', 'right'].map((id) => ({ kind: 'count', id })))).map(
      (found) => (found?.row as Count | undefined)?.n,
    );
    assert.ok(left !== undefined && left >= acknowledged, `round ${round}: ${left} kept, ${acknowledged} acknowledged`);
    assert.equal(left, right);
    const marks = Array.from({ length: Number(left) + 1 }, (_, i) => ({ kind: 'count', id: `mark-${i + 1}` }));
    const kept = (await store.load(marks)).map((found) => found !== undefined);
    assert.equal(kept.lastIndexOf(true) + 1, Number(left));
    assert.equal(kept.filter(Boolean).length, Number(left));
    await store.close();
  }
});

test('a directory has one process, until that ends, however it ends', { timeout: 30_000 }, async (t) => {
  const dir = fresh(t);
  const { child, numbers } = await startWriter(dir);
  t.after(() => child.kill('SIGKILL'));
  await numbers.next();
  assert.throws(
    () => openIn(dir),
    (error) => fault('store.in-use')(error) && new RegExp(`${dir}.*process ${child.pid}: stop`).test(String(error)),
  );
  await killed(child);
  const store = openIn(dir);
  assert.throws(() => openIn(dir), fault('store.in-use'));
  await store.close();
  await openIn(dir).close();
});

test('a full disk refuses the commits of its group, and the store goes on', async (t) => {
  const dir = fresh(t);
  const store = openIn(dir, { maxBytes: 256 << 10 });
  await put(store, 'before');
  const asked = await Promise.allSettled([put(store, 'small'), put(store, 'large', 'x'.repeat(1 << 20))]);
  assert.ok(asked.every((each) => each.status === 'rejected' && fault('store.full')(each.reason)));
  assert.deepEqual(await put(store, 'after'), { ok: true });
  const listed = await store.query({ kind: 'note', index: 'owner', equals: 'o', limit: 9 });
  assert.deepEqual(
    listed.map(({ row }) => row.id),
    ['after', 'before'],
  );
  await store.close();
  const again = openIn(dir);
  assert.equal((await again.load([{ kind: 'note', id: 'small' }]))[0], undefined);
  await again.close();
});

/** Root may write everywhere: for this work it is nobody. */
function asNobody(work: () => void): void {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    work();
  } finally {
    process.seteuid?.(0);
  }
}

test('a directory or file that cannot be written is store.readonly', (t) => {
  const dir = fresh(t);
  const closedDir = join(dir, 'closed');
  mkdirSync(closedDir);
  chmodSync(dir, 0o755);
  chmodSync(closedDir, 0o555);
  asNobody(() => assert.throws(() => openIn(closedDir), fault('store.readonly')));
  const closedFile = join(dir, 'file');
  mkdirSync(closedFile);
  writeFileSync(join(closedFile, 'store.db'), '');
  chmodSync(join(closedFile, 'store.db'), 0o444);
  chmodSync(closedFile, 0o777);
  if (process.geteuid?.() === 0) asNobody(() => assert.throws(() => openIn(closedFile), fault('store.readonly')));
  asNobody(() => assert.throws(() => openIn(join(closedDir, 'below')), fault('store.readonly')));
});

test('a file that is damaged is store.corrupt, when it is opened or when it is read', async (t) => {
  const dir = fresh(t);
  writeFileSync(join(dir, 'store.db'), 'x'.repeat(8192));
  assert.throws(() => openIn(dir), fault('store.corrupt'));
  rmSync(join(dir, 'store.db'));

  const store = openIn(dir);
  for (let i = 0; i < 50; i++) await put(store, `n${i}`, 'x'.repeat(5000));
  await store.close();
  const file = openSync(join(dir, 'store.db'), 'r+');
  const { size } = statSync(join(dir, 'store.db'));
  for (let at = 4096; at < size; at += 4096) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, at);
  closeSync(file);
  const damaged = async (): Promise<void> => {
    const again = openIn(dir);
    try {
      await again.load([{ kind: 'note', id: 'n7' }]);
    } finally {
      await again.close();
    }
  };
  await assert.rejects(damaged(), fault('store.corrupt'));
  const cut = openSync(join(dir, 'store.db'), 'r+');
  ftruncateSync(cut, 4096);
  closeSync(cut);
  await assert.rejects(damaged(), fault('store.corrupt'));
});

test('its files are for their user alone', async (t) => {
  const dir = join(fresh(t), 'data', 'store');
  const store = openIn(dir);
  await put(store, 'a');
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  for (const name of ['store.db', 'store.db-wal', 'store.db-shm', 'lock', 'lock-journal', 'lock.pid'])
    if (name !== 'lock-journal' || existsSync(join(dir, name))) assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600, name);
  await store.close();
  chmodSync(join(dir, 'lock'), 0o644);
  await openIn(dir).close();
  assert.equal(statSync(join(dir, 'lock')).mode & 0o777, 0o600);
});

test('a store of a newer layout is left alone', async (t) => {
  const dir = fresh(t);
  await openIn(dir).close();
  const database = new DatabaseSync(join(dir, 'store.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  assert.throws(() => openIn(dir), fault('store.newer'));
});

test('an index declared later, or otherwise, files the rows that are there', async (t) => {
  const dir = fresh(t);
  const store = openIn(dir);
  await put(store, 'a');
  await put(store, 'b');
  await store.close();
  const tables: readonly TableSpec<never>[] = [
    { kind: 'note', indexes: { owner: () => undefined, whole: (row: { id: string }) => ({ equals: row.id }) } },
  ];
  const again = openIn(dir, { tables });
  assert.deepEqual(await again.query({ kind: 'note', index: 'owner', equals: 'o', limit: 9 }), []);
  assert.equal((await again.query({ kind: 'note', index: 'whole', equals: 'b', limit: 9 })).length, 1);
  await again.commit({ reads: [], writes: [], deletes: [{ kind: 'note', id: 'b' }] });
  assert.equal((await again.query({ kind: 'note', index: 'whole', equals: 'b', limit: 9 })).length, 0);
  await again.close();
});

test('a store of the first layout opens, and goes on', async (t) => {
  const dir = fresh(t);
  const database = new DatabaseSync(join(dir, 'store.db'));
  database.exec(readFileSync(join(import.meta.dirname, 'test/layout-1.sql'), 'utf8'));
  database.close();
  const store = openIn(dir);
  t.after(() => store.close());
  const found = await store.load([
    { kind: 'note', id: 'a' },
    { kind: 'count', id: 'c' },
  ]);
  assert.deepEqual(found, [
    { version: 3, row: note('a', { owner: 'o', due: 20.5 }) },
    { version: 1, row: { kind: 'count', id: 'c', n: 2n ** 100n } },
  ]);
  assert.equal((await store.query({ kind: 'note', index: 'due', atMost: 21, limit: 9 })).length, 1);
  await put(store, 'b');
  assert.equal((await store.load([{ kind: 'note', id: 'b' }]))[0]?.version, 8);
});

// Rows of an earlier build, read by this one from both stores.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, after, test } from 'node:test';
import type { MinuteRow, Row } from '@iog/core';
import { checkLaws } from '../laws/check-laws.ts';
import { tables } from '../tables.ts';
import { decodeBody } from './body.ts';
import { catalogOf } from './catalog.ts';
import { transact } from './decide.ts';
import { migrations as postgresLayouts } from './postgres/migrations.ts';
import { openPostgres } from './postgres/open.ts';
import { testServer } from './postgres/test/server.ts';
import { openSqlite } from './sqlite/open.ts';
import { migrations as sqliteLayouts } from './sqlite/migrations.ts';
import { readRows } from './read-rows.ts';
import type { Store } from './store.ts';
import { earlierBodies, earlierStore } from './test/earlier/rows.ts';

const server = await testServer();
after(() => server.stop());
let schemas = 0;

const stores: Readonly<Record<string, (t: TestContext) => Promise<Store>>> = {
  SQLite(t) {
    const store = openSqlite({ path: fileOf(t), tables });
    t.after(() => store.close());
    return Promise.resolve(store);
  },
  async PostgreSQL(t) {
    // A store in which a control of the earlier build, beside this one, still writes: its rows come without what it does not know.
    const url = server.url(`earlier_${schemas++}`);
    const raw = await openPostgres({ url, tables: tables.map(({ kind, indexes }) => ({ kind, indexes })) });
    const stale = await raw.commit({ reads: [], writes: earlierBodies.map((body) => decodeBody(body) as Row) });
    assert.ok(stale.ok);
    await raw.close();
    const store = await openPostgres({ url, tables });
    t.after(() => store.close());
    return store;
  },
};

function fileOf(t: TestContext): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-earlier-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'control.sqlite');
  earlierStore(file);
  return file;
}

const earlier = earlierBodies.map((body) => decodeBody(body) as Row);
const lacked: Partial<Record<Row['kind'], object>> = { minute: { absences: [] }, device: { followsBook: false } };
const lacking = (row: Row): object => lacked[row.kind] ?? {};

for (const [name, open] of Object.entries(stores)) {
  test(`${name}: every earlier row is read, with what it lacked, and no law is broken`, async (t) => {
    const store = await open(t);
    const found = await store.load(earlier.map(({ kind, id }) => ({ kind, id })));
    const rows = found.map((each) => each?.row as Row);
    assert.deepEqual(
      rows,
      earlier.map((row) => ({ ...lacking(row), ...row })),
    );
    assert.deepEqual(checkLaws(rows), []);
  });

  test(`${name}: every index of now lists the earlier rows that belong into it`, async (t) => {
    const store = await open(t);
    const { entriesOf } = catalogOf(tables);
    const expected = new Map<string, string[]>();
    for (const row of earlier)
      for (const [list, equals] of entriesOf(row)) {
        const place = JSON.stringify([...list.split('.'), equals]);
        expected.set(place, [...(expected.get(place) ?? []), row.id]);
      }
    assert.ok(expected.size > 20);
    for (const [place, ids] of expected) {
      const [kind, index, equals] = JSON.parse(place) as [string, string, string | 0];
      const listed = await store.query({ kind, index, limit: 1_000, ...(typeof equals === 'string' ? { equals } : {}) });
      assert.deepEqual(listed.map(({ row }) => row.id).toSorted(), ids.toSorted(), place);
    }
  });

  test(`${name}: an earlier row that is changed is written whole`, async (t) => {
    const store = await open(t);
    const { id } = earlier.find(({ kind }) => kind === 'minute') as MinuteRow;
    await transact<{ minute: MinuteRow }, void>(store, async (read) => {
      const minute = await read.one('minute', id);
      return { writes: minute ? [minute] : [], value: undefined };
    });
    const [found] = await store.load([{ kind: 'minute', id }]);
    assert.deepEqual((found?.row as MinuteRow | undefined)?.absences, []);
  });
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

test('a layout that was released never changes', () => {
  const released = { sqlite: sqliteLayouts.map(digest), postgres: postgresLayouts.map(({ sql }) => digest(sql)) };
  // Append only.
  assert.deepEqual(released.sqlite.slice(0, 1), ['20de8d8c6411f1b2']);
  assert.deepEqual(released.postgres.slice(0, 1), ['0a473bf36044947d']);
});

test('whoever reads the file from outside reads the same', async (t) => {
  const minutes = await readRows({ kind: 'sqlite', path: fileOf(t) }, ['minute']);
  assert.ok(minutes.length > 0);
  for (const { absences } of minutes) assert.deepEqual(absences, []);
});

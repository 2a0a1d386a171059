// A page of a list of hundreds of thousands is found by its place: no statement walks the list or sorts it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { cursorOf } from '../store.ts';
import { testTables } from '../test/test-rows.ts';
import { openSqlite } from './open.ts';
import { pageSql } from './read.ts';

const many = 200_000;

function folder(t: TestContext): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-pages-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return path.join(dir, 'store.db');
}

/** Written at once, as the store would have: notes of one owner. */
function fill(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`BEGIN;
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
    INSERT INTO rows (kind, id, version, filed, body) SELECT 'note', printf('n%07d', i), 1,
      json_array(json_array('note.owner', 'ann', printf('n%07d', i))), json_object('kind', 'note', 'id', printf('n%07d', i), 'owner', 'ann') FROM n;
    INSERT INTO entries SELECT 'note.owner', 'ann', id, id, seq FROM rows;
    COMMIT`);
  database.close();
}

test('a page from the midst of 200,000 rows is the rows that stand there, forwards and backwards', async (t) => {
  const file = folder(t);
  await openSqlite({ path: file, tables: testTables }).close();
  fill(file);
  const store = openSqlite({ path: file, tables: testTables });
  const list = { kind: 'note', index: 'owner', equals: 'ann', limit: 3 } as const;
  const ids = async (after: string, descending: boolean): Promise<string[]> =>
    (await store.query({ ...list, after, descending })).map(({ row }) => row.id);
  assert.deepEqual(await ids('n0100000', false), ['n0100001', 'n0100002', 'n0100003']);
  assert.deepEqual(await ids('n0100000', true), ['n0099999', 'n0099998', 'n0099997']);
  // A place between two rows, where none stands.
  const between = cursorOf({ kind: 'note', id: 'n0150000a' }, 'n0150000a');
  assert.deepEqual(await ids(between, true), ['n0150000', 'n0149999', 'n0149998']);
  await store.close();
});

test('every form of page is a search of the list, in its order', async (t) => {
  const file = folder(t);
  await openSqlite({ path: file, tables: testTables }).close();
  const database = new DatabaseSync(file, { readOnly: true });
  for (const cursor of [false, true])
    for (const atMost of [false, true])
      for (const descending of [false, true]) {
        const sql = pageSql(cursor, atMost, descending);
        const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => 1));
        const told = plan.map(({ detail }) => String(detail)).join('; ');
        assert.match(told, /^SEARCH entries USING PRIMARY KEY \(list=\? AND equals=\?[^;]*\)$/, sql);
      }
  database.close();
});

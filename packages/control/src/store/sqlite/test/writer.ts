// A process that a test kills: opens the store in argv[2] and commits pairs of rows for ever, saying each number once it is acknowledged.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '../open.ts';
import { transact } from '../../decide.ts';
import { type Count, type TestRows, testTables } from '../../test/test-rows.ts';

const store = openSqlite({ path: join(process.argv[2] ?? '', 'store.db'), tables: testTables });
for (;;) {
  const n = await transact<TestRows, bigint>(store, async (read) => {
    const next = ((await read.one('count', 'left'))?.n ?? 0n) + 1n;
    await read.one('count', 'right');
    const pair = ['left', 'right', `mark-${next}`].map((id): Count => ({ kind: 'count', id, n: next }));
    return { writes: pair, value: next };
  });
  writeSync(1, `${n}\n`);
}

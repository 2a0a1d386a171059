// Cluster creations a second through the store on SQLite, beside the same database writing texts as long as a creation's rows by itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openSqlite } from '../packages/control/src/store/sqlite/open.ts';
import type { StoredRow } from '../packages/control/src/store/store.ts';
import { tables } from '../packages/control/src/tables.ts';
import { creationsPerSecond } from './creations.ts';
import { clients, measureMs } from './ledger.ts';
import { type Bench, lineOf } from './line.ts';

/** What a creation changes, all else it makes. */
const changed = new Set(['device', 'key']);

export const creationsBench: Bench = {
  name: 'creations',
  async run({ runs, say }) {
    const [ours, floor]: [number[], number[]] = [[], []];
    let rows: readonly StoredRow[] = [];
    const measure = (): Promise<number> =>
      inFolder(async (dir) => {
        const store = openSqlite({ path: path.join(dir, 'store.db'), tables });
        const perSecond = await creationsPerSecond({
          ...store,
          commit(commit) {
            if (rows.length === 0 && commit.writes.some(({ kind }) => kind === 'cluster')) rows = commit.writes;
            return store.commit(commit);
          },
        });
        await store.close();
        return perSecond;
      });
    for (let i = 0; i < runs; i++) {
      // Whoever goes first changes.
      if (i % 2 === 0) ours.push(await measure());
      floor.push(await inFolder((dir) => bareCreations(dir, rows)));
      if (i % 2 === 1) ours.push(await measure());
      say(`${i + 1}/${runs}: creations ${Math.round(ours[i] ?? 0)} /s, bare SQLite ${Math.round(floor[i] ?? 0)} /s`);
    }
    const peer = `bare SQLite, the same ${rows.length} rows, ${clients} to a commit`;
    return { lines: [lineOf(`cluster creations on SQLite, durable, ${clients} clients`, '/s', ours, peer, floor)] };
  },
};

async function inFolder(work: (dir: string) => number | Promise<number>): Promise<number> {
  const dir = mkdtempSync(path.join(tmpdir(), 'iog-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Rows by number: nothing read, checked, spelled or indexed. */
function bareCreations(dir: string, rows: readonly StoredRow[]): number {
  const texts = rows.map((row) => ({
    isChanged: changed.has(row.kind),
    text: JSON.stringify(row, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  }));
  const database = new DatabaseSync(path.join(dir, 'bare.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT NOT NULL);');
  const make = database.prepare('INSERT INTO row (body) VALUES (?)');
  const change = database.prepare('UPDATE row SET body = ? WHERE id = ?');
  for (let i = 0; i < clients * texts.length; i++) make.run(texts[i % texts.length]?.text ?? '');
  const startedMs = performance.now();
  let count = 0;
  for (; performance.now() < startedMs + measureMs; count += clients) {
    database.exec('BEGIN IMMEDIATE');
    for (let client = 0; client < clients; client++)
      for (const [i, { isChanged, text }] of texts.entries())
        if (isChanged) change.run(text, client * texts.length + i + 1);
        else make.run(text);
    database.exec('COMMIT');
  }
  const perSecond = (count * 1_000) / (performance.now() - startedMs);
  database.close();
  return perSecond;
}

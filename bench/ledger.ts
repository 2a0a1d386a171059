// Durable transfers a second: the real store and the real `move`, beside the same database doing two updates and one insert by itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type BalanceRow, type RowMap, availableOf, move } from '@iog/core';
import { type AccountId, type EntryId, makeId } from '@iog/protocol';
import { randomBytes } from '@iog/seal';
import { transact } from '../packages/control/src/store/decide.ts';
import { openSqlite } from '../packages/control/src/store/sqlite/open.ts';
import type { Store } from '../packages/control/src/store/store.ts';
import { tables } from '../packages/control/src/tables.ts';
import { type Bench, lineOf } from './line.ts';

export const clients = 16;
export const accountCount = 256;
export const measureMs = 2_000;
const startMicro = 1_000_000_000n;

export const ledgerBench: Bench = {
  name: 'ledger',
  async run({ runs, say }) {
    const ours: number[] = [];
    const floor: number[] = [];
    for (let i = 0; i < runs; i++) {
      // Whoever goes first changes: the disk may be warmer for the second.
      if (i % 2 === 0) ours.push(await inFolder(throughStore));
      floor.push(await inFolder(bareDatabase));
      if (i % 2 === 1) ours.push(await inFolder(throughStore));
      say(`${i + 1}/${runs}: store ${Math.round(ours[i] ?? 0)} /s, bare SQLite ${Math.round(floor[i] ?? 0)} /s`);
    }
    return { lines: [lineOf(`ledger, durable transfers, ${clients} clients`, '/s', ours, 'bare SQLite, 16 to a commit', floor)] };
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

async function throughStore(dir: string): Promise<number> {
  const store = openSqlite({ path: path.join(dir, 'store.db'), tables });
  const perSecond = await transfersPerSecond(store);
  await store.close();
  return perSecond;
}

/** Over an empty store. */
export async function transfersPerSecond(store: Store): Promise<number> {
  const accounts = Array.from({ length: accountCount }, () => makeId('acc', Date.now(), randomBytes(16)));
  await store.commit({ reads: [], writes: accounts.map((account) => balance(account)) });
  const startedMs = performance.now();
  const until = startedMs + measureMs;
  let count = 0;
  const client = async (mine: AccountId): Promise<void> => {
    while (performance.now() < until) {
      const to = accounts[clients + Math.floor(Math.random() * (accountCount - clients))] ?? mine;
      await transfer(store, mine, to);
      count += 1;
    }
  };
  await Promise.all(accounts.slice(0, clients).map(client));
  return (count * 1_000) / (performance.now() - startedMs);
}

function balance(account: AccountId): BalanceRow {
  return { kind: 'balance', id: availableOf(account), currency: 'TUSD', amountMicro: startMicro };
}

function transfer(store: Store, from: AccountId, to: AccountId): Promise<void> {
  return transact<RowMap, void>(store, async (read) => {
    const rows = await read.many('balance', [availableOf(from), availableOf(to)]);
    const now = Date.now();
    const id: EntryId = makeId('ent', now, randomBytes(16));
    const lines = [
      { account: availableOf(from), amountMicro: -1n },
      { account: availableOf(to), amountMicro: 1n },
    ];
    const movement = { id, at: now, entry: 'accrual', currency: 'TUSD', account: from, subject: 'bench', lines } as const;
    const moved = move(movement, new Map(rows.map((row) => [row.id, row])));
    if (!moved.ok) throw new Error(`a transfer was rejected: ${moved.rejection.code}`);
    return { writes: moved.rows, value: undefined };
  });
}

/** The same file system and settings; one row for each balance and entry, nothing checked, nothing indexed. */
function bareDatabase(dir: string): number {
  const database = new DatabaseSync(path.join(dir, 'bare.db'));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE balance (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);
    CREATE TABLE entry (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, payer INTEGER NOT NULL, payee INTEGER NOT NULL, amount INTEGER NOT NULL);`);
  const open = database.prepare('INSERT INTO balance VALUES (?, ?)');
  for (let id = 0; id < accountCount; id++) open.run(id, startMicro);
  const add = database.prepare('UPDATE balance SET amount = amount + ? WHERE id = ?');
  const note = database.prepare('INSERT INTO entry (at, payer, payee, amount) VALUES (?, ?, ?, ?)');
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() < startedMs + measureMs) {
    database.exec('BEGIN IMMEDIATE');
    for (let from = 0; from < clients; from++) {
      const to = clients + Math.floor(Math.random() * (accountCount - clients));
      add.run(-1, from);
      add.run(1, to);
      note.run(Date.now(), from, to, 1);
    }
    database.exec('COMMIT');
    count += clients;
  }
  const perSecond = (count * 1_000) / (performance.now() - startedMs);
  database.close();
  return perSecond;
}

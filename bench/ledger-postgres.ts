// Durable transfers a second on PostgreSQL: the real store and the real `move`, beside the same server doing two updates and one insert by
// itself, through the same driver.
import postgres from 'postgres';
import type { Store } from '../packages/control/src/store/store.ts';
import { openPostgres } from '../packages/control/src/store/postgres/open.ts';
import { type TestServer, testServer } from '../packages/control/src/store/postgres/test/server.ts';
import { tables } from '../packages/control/src/tables.ts';
import { creationsPerSecond } from './creations.ts';
import { accountCount, clients, measureMs, transfersPerSecond } from './ledger.ts';
import { type Bench, lineOf } from './line.ts';

export const ledgerPostgresBench: Bench = {
  name: 'ledger-postgres',
  async run({ runs, say }) {
    const ours: number[] = [];
    const creations: number[] = [];
    const floor: number[] = [];
    const server = await testServer();
    try {
      for (let i = 0; i < runs; i++) {
        // Whoever goes first changes.
        if (i % 2 === 0) ours.push(await throughStore(server, `ours_${i}`, transfersPerSecond));
        floor.push(await bareServer(server, `bare_${i}`));
        if (i % 2 === 1) ours.push(await throughStore(server, `ours_${i}`, transfersPerSecond));
        creations.push(await throughStore(server, `made_${i}`, creationsPerSecond));
        say(
          `${i + 1}/${runs}: transfers ${Math.round(ours[i] ?? 0)} /s, creations ${Math.round(creations[i] ?? 0)} /s, bare PostgreSQL ${Math.round(floor[i] ?? 0)} /s`,
        );
      }
    } finally {
      await server.stop();
    }
    const peer = 'bare PostgreSQL, a transfer in one statement';
    return {
      lines: [
        lineOf(`ledger on PostgreSQL, durable transfers, ${clients} clients`, '/s', ours, peer, floor),
        lineOf(`cluster creations on PostgreSQL, durable, ${clients} clients`, '/s', creations, peer, floor),
      ],
    };
  },
};

async function throughStore(server: TestServer, schema: string, measure: (store: Store) => Promise<number>): Promise<number> {
  const store = await openPostgres({ url: server.url(schema), tables });
  try {
    return await measure(store);
  } finally {
    await store.close();
  }
}

/** One statement, so one round trip and one transaction, for each transfer; nothing checked, nothing indexed. */
async function bareServer(server: TestServer, schema: string): Promise<number> {
  const sql = postgres(server.url(schema).replace(/\?.*/, ''), { max: clients, fetch_types: false, onnotice: () => undefined });
  try {
    await sql.unsafe(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.balance (id int PRIMARY KEY, amount int8 NOT NULL);
      CREATE TABLE ${schema}.entry (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at int8, payer int, payee int, amount int8);
      INSERT INTO ${schema}.balance SELECT id, 1000000000 FROM generate_series(0, ${accountCount - 1}) AS id`);
    const move = `WITH a AS (UPDATE ${schema}.balance SET amount = amount - 1 WHERE id = $1::int),
      b AS (UPDATE ${schema}.balance SET amount = amount + 1 WHERE id = $2::int)
      INSERT INTO ${schema}.entry (at, payer, payee, amount) VALUES ($3::int8, $1::int, $2::int, 1)`;
    const startedMs = performance.now();
    let count = 0;
    const client = async (from: number): Promise<void> => {
      while (performance.now() < startedMs + measureMs) {
        const to = clients + Math.floor(Math.random() * (accountCount - clients));
        await sql.unsafe(move, [from, to, Date.now()], { prepare: true });
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
    return (count * 1_000) / (performance.now() - startedMs);
  } finally {
    await sql.end();
  }
}

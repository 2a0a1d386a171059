// The simulated network over a real PostgreSQL server: no law breaks, and every event is the one that it is over SQLite.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testServer } from '../../packages/control/src/store/postgres/test/server.ts';
import { swarm } from '../../packages/sim/src/swarm.ts';

const size = { devices: 6, renters: 2, controls: 2, hours: 0.5 };
const seeds = [1, 2, 3];

test('the same seeds give the same traces over PostgreSQL as over SQLite, and no law breaks', { timeout: 180_000 }, async () => {
  const server = await testServer();
  try {
    const over = (store: string) => swarm({ options: { ...size, store }, seeds, heard: () => false });
    const [sqlite, postgres] = [await over('sqlite'), await over(server.url('iog'))];
    assert.deepEqual(
      postgres.map(({ broken }) => broken),
      seeds.map(() => null),
    );
    assert.ok(postgres.every(({ promises, steps }) => promises > 0 && steps > 1_000));
    assert.deepEqual(
      postgres.map(({ hash }) => hash),
      sqlite.map(({ hash }) => hash),
    );
  } finally {
    await server.stop();
  }
});

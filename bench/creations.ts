// Cluster creations a second through a store: load key, device and balance, the real `createCluster`, one durable commit. 16 clients, each an
// account with devices of its own; one node a cluster.
import { type BalanceRow, type DeviceRow, type KeyRow, type RowMap, availableOf, createCluster, holdOf } from '@iog/core';
import { type AccountId, type NewCluster, type Quote, laptopPolicy, makeId } from '@iog/protocol';
import { randomBytes } from '@iog/seal';
import { sampleDevice, sampleNow } from '../packages/core/src/fleet/sample-device.ts';
import { transact } from '../packages/control/src/store/decide.ts';
import type { Store } from '../packages/control/src/store/store.ts';
import { clients, measureMs } from './ledger.ts';

const devicesOfClient = 64;
const coresOfDevice = 16;
const capMicro = 65_000n;

interface Client {
  readonly account: AccountId;
  readonly key: string;
  readonly devices: readonly DeviceRow[];
}

/** Over an empty store. */
export async function creationsPerSecond(store: Store): Promise<number> {
  const all = Array.from({ length: clients }, (_, i) => clientOf(i));
  for (const client of all) await store.commit({ reads: [], writes: rowsOf(client) });
  const startedMs = performance.now();
  let count = 0;
  await Promise.all(
    all.map(async (client) => {
      for (let i = 0; i < devicesOfClient * coresOfDevice && performance.now() < startedMs + measureMs; i++) {
        await create(store, client, i);
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - startedMs);
}

function clientOf(i: number): Client {
  const account = makeId('acc', sampleNow, randomBytes(16));
  const units = { cores: Array.from({ length: coresOfDevice }, (_, core) => core), memoryBytes: 64_000_000_000, diskBytes: 0, gpus: [] };
  const devices = Array.from({ length: devicesOfClient }, (_, n) => sampleDevice(i * devicesOfClient + n + 1, { units }));
  return { account, key: String(i).padStart(64, 'k'), devices };
}

function rowsOf({ account, key, devices }: Client): (DeviceRow | BalanceRow | KeyRow)[] {
  const balance: BalanceRow = { kind: 'balance', id: availableOf(account), currency: 'TUSD', amountMicro: 1_000_000_000_000n };
  return [...devices, balance, { kind: 'key', id: key, key, account, spendCapMicro: null, spentMicro: 0n } as unknown as KeyRow];
}

async function create(store: Store, { account, key, devices }: Client, i: number): Promise<void> {
  const device = devices[Math.floor(i / coresOfDevice)] as DeviceRow;
  const wanted = wish(account, device, i % coresOfDevice);
  await transact<RowMap, void>(store, async (read) => {
    const id = makeId('clu', sampleNow, randomBytes(16));
    const keyRow = (await read.one('key', key)) as KeyRow;
    const found = await read.many('device', [device.id]);
    const balances = await read.many('balance', [availableOf(account), holdOf(id)]);
    const born = createCluster(
      {
        id,
        leaseIds: [makeId('lea', sampleNow, randomBytes(16))],
        entryId: makeId('ent', sampleNow, randomBytes(16)),
        account,
        wanted,
        key: keyRow,
        devices: new Map(found.map((row) => [row.id as string, row])),
        balances: new Map(balances.map((row) => [row.id, row])),
        connected: () => true,
      },
      sampleNow,
      laptopPolicy,
    );
    if (!born.ok) throw new Error(`a creation was rejected: ${born.rejection.code}`);
    return { writes: born.rows, value: undefined };
  });
}

function wish(account: AccountId, device: DeviceRow, core: number): NewCluster {
  const slice = { cores: [core], memoryBytes: 1_000_000_000, gpus: [] };
  const quote = {
    id: makeId('quo', sampleNow, randomBytes(16)),
    account,
    demand: { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 3_600_000 },
    nodes: [{ device: device.id, rateMicroPerHour: String(capMicro), slice }],
    currency: 'TUSD',
    capMicro: String(capMicro),
    feeBasisPoints: 200,
    durationMs: 3_600_000,
    policy: 'p'.repeat(64),
  } as unknown as Quote;
  const sealed = Buffer.alloc(300, 7).toString('base64');
  return {
    name: 'bench',
    quote,
    secrets: { sealedTo: { [device.id]: sealed }, sealedToRenter: sealed, recipient: 'age1', renterRecipient: 'age1' },
  };
}

// A real control over a market of invented devices: their rows in SQLite, committed through the store; that they are connected is said, not so.
import path from 'node:path';
import { type RunningControl, startControl } from '@iog/control';
import { laptopPolicy } from '@iog/protocol';
import { type LiveDevices, liveDevices } from '../../packages/control/src/fleet/live-devices.ts';
import { openSqlite } from '../../packages/control/src/store/sqlite/open.ts';
import { tables } from '../../packages/control/src/tables.ts';
import { fleetDevice, fleetId } from './fleet.ts';

const rowsAtOnce = 2_000;

export async function fillMarket(dir: string, devices: number, say: (line: string) => void): Promise<void> {
  const store = openSqlite({ path: path.join(dir, 'control.sqlite'), tables });
  const now = Date.now();
  for (let from = 0; from < devices; from += rowsAtOnce) {
    const writes = Array.from({ length: Math.min(rowsAtOnce, devices - from) }, (_, i) => fleetDevice(from + i, now));
    const result = await store.commit({ reads: [], writes });
    if (!result.ok) throw new Error(`${dir} has devices already`);
    if (from > 0 && from % 100_000 === 0) say(`${from} of ${devices} device rows written`);
  }
  await store.close();
}

/** Resolves once all devices have been read into the index: `readMs` after the start. */
export async function startMarket(
  dir: string,
  firstAccount: { name: string; keyHash: string; recipient: string },
): Promise<{ control: RunningControl; readMs: number }> {
  const startedMs = performance.now();
  const { promise: read, resolve } = Promise.withResolvers<void>();
  const limits = { ...laptopPolicy.limits, requestsPerMinute: 1e9 };
  const control = await startControl({
    dir,
    host: '127.0.0.1',
    port: 0,
    name: 'market',
    policy: { ...laptopPolicy, faucetMicro: '1000000000000', limits },
    firstAccount,
    live: inventedLive(),
    log: ({ event }) => event === 'market.read' && resolve(),
  });
  await read;
  return { control, readMs: performance.now() - startedMs };
}

/** Nineteen of twenty are connected, each at a round trip of its own. */
function inventedLive(): LiveDevices {
  const first = fleetId(0).slice(0, 14);
  const known = liveDevices();
  const isThere = (id: string): boolean => id.startsWith(first) && codeOf(id) % 20 !== 0;
  return {
    ...known,
    isConnected: (id) => isThere(id) || known.isConnected(id),
    seen: (id) => (isThere(id) ? { connected: true, lastSeenAt: Date.now(), rttMs: 1 + (codeOf(id) % 180) } : known.seen(id)),
  };
}

function codeOf(id: string): number {
  return id.charCodeAt(id.length - 1) * 31 + id.charCodeAt(id.length - 2);
}

// Control's ports for tests of what runs below HTTP: a real store and blob directory, a clock that the test sets, nothing connected.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type Policy, laptopPolicy } from '@iog/protocol';
import type { Row, RowMap } from '@iog/core';
import { canonical, generateSigningKey, randomBytes, sha256hex, sign } from '@iog/seal';
import { blobStore } from '../blobs/blob-store.ts';
import { liveDevices } from '../fleet/live-devices.ts';
import { realClock } from '../clock.ts';
import { silentMeter } from '../metrics/meter.ts';
import { type ControlPorts, type LogLine, change, usualPeriods } from '../ports.ts';
import { localSignals } from '../signals.ts';
import { loneReplica } from './lone-replica.ts';
import { openSqlite } from '../store/sqlite/open.ts';
import { tables } from '../tables.ts';

export interface TestPorts {
  readonly ports: ControlPorts;
  readonly dir: string;
  readonly lines: LogLine[];
  pass(this: void, ms: number): void;
  write(...rows: Row[]): Promise<void>;
  row<K extends Row['kind']>(kind: K, id: string): Promise<RowMap[K] | undefined>;
  /** The ids of an index, in its order. */
  ids(kind: Row['kind'], index: string, equals?: string): Promise<string[]>;
}

export function testPorts(t: TestContext, limits: Partial<Policy['limits']> = {}): TestPorts {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-ports-'));
  const store = openSqlite({ path: path.join(dir, 'control.sqlite'), tables });
  t.after(async () => {
    await store.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  const policy: Policy = { ...laptopPolicy, limits: { ...laptopPolicy.limits, ...limits } };
  const { publicKey, secretKey } = generateSigningKey();
  const lines: LogLine[] = [];
  let now = 1_700_000_000_000;
  const ports: ControlPorts = {
    name: 'test',
    store,
    blobs: blobStore(path.join(dir, 'blobs')),
    clock: { now: () => now, after: realClock.after },
    periods: usualPeriods,
    random: randomBytes,
    key: { publicKey, sign: (domain, bytes) => sign(secretKey, domain, bytes) },
    policy,
    policyHash: sha256hex(canonical(policy)),
    currency: policy.currency,
    signals: localSignals(),
    live: liveDevices(),
    replica: loneReplica(() => now, 1_000),
    verifyCapacity: () => Promise.resolve(true),
    log: (line) => lines.push(line),
    meter: silentMeter,
  };
  return {
    ports,
    dir,
    lines,
    pass: (ms) => (now += ms),
    write: (...rows) =>
      change(ports, async (read) => {
        for (const { kind, id } of rows) await read.one(kind, id);
        return { writes: rows, value: undefined };
      }),
    row: async (kind, id) => (await store.load([{ kind, id }]))[0]?.row as never,
    ids: async (kind, index, equals) =>
      (await store.query({ kind, index, limit: 1_000, ...(equals === undefined ? {} : { equals }) })).map(({ row }) => row.id),
  };
}

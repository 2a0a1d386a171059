// Ports for tests of one room of control: a real store in a directory of its own, a clock that the test moves, and rows to begin with.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type AccountId, type DeviceId, type LeaseId, type Units, laptopPolicy, makeId } from '@iog/protocol';
import { type ClusterRow, type DeviceRow, type LeaseRow, type Row, activate, reserve } from '@iog/core';
import { randomBytes } from '@iog/seal';
import { realClock } from '../clock.ts';
import { silentMeter } from '../metrics/meter.ts';
import { type ControlPorts, type LogLine, change, usualPeriods } from '../ports.ts';
import { localSignals } from '../signals.ts';
import { loneReplica } from './lone-replica.ts';
import { liveDevices } from '../fleet/live-devices.ts';
import { openSqlite } from '../store/sqlite/open.ts';
import { tables } from '../tables.ts';

export const unitNow = 1_800_000_000_000;
const account: AccountId = makeId('acc', unitNow, new Uint8Array(16));
const device: DeviceId = makeId('dev', unitNow, new Uint8Array(16));
const leaseId: LeaseId = makeId('lea', unitNow, new Uint8Array(16));
const cluster: Pick<ClusterRow, 'id' | 'account' | 'incarnation'> = {
  id: makeId('clu', unitNow, new Uint8Array(16)),
  account,
  incarnation: 1,
};

export interface UnitRig {
  readonly ports: ControlPorts;
  readonly lines: LogLine[];
  /** Moves the clock. */
  pass(this: void, ms: number): void;
  put(...rows: readonly Row[]): Promise<void>;
  row<R>(this: void, kind: string, id: string): Promise<R | undefined>;
}

export function unitRig(t: TestContext, changes: Partial<ControlPorts> = {}): UnitRig {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-unit-'));
  const store = openSqlite({ path: path.join(dir, 'control.sqlite'), tables });
  t.after(async () => {
    await store.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  let now = unitNow;
  const lines: LogLine[] = [];
  const ports: ControlPorts = {
    name: 'unit',
    store,
    get blobs(): never {
      throw new Error('this test has no blobs');
    },
    clock: { now: () => now, after: realClock.after },
    periods: usualPeriods,
    random: randomBytes,
    key: { publicKey: '', sign: () => '' },
    policy: laptopPolicy,
    policyHash: 'p'.repeat(64),
    currency: 'TUSD',
    signals: localSignals(),
    live: liveDevices(),
    replica: loneReplica(() => now, 0),
    verifyCapacity: () => Promise.resolve(true),
    log: (line) => lines.push(line),
    meter: silentMeter,
    ...changes,
  };
  return {
    ports,
    lines,
    pass: (ms) => void (now += ms),
    async put(...rows) {
      await change(ports, async (read) => {
        for (const each of rows) await read.one(each.kind, each.id);
        return { writes: rows, value: undefined };
      });
    },
    async row<R>(kind: string, id: string) {
      const [found] = await store.load([{ kind, id }]);
      return found?.row as R | undefined;
    },
  };
}

export function unitDevice(changes: Partial<DeviceRow> = {}): DeviceRow {
  const units: Units = { cores: [0, 1], memoryBytes: 4_000_000_000, diskBytes: 0, gpus: [] };
  const named = { name: 'unit', publicKey: 'k'.repeat(43), recipient: 'age1q', recipientSignature: 's'.repeat(86), host: 'test' };
  const counted = { epoch: 1, provenMs: 0, unprovenMs: 0, enrolledAt: unitNow, live: [], proof: null };
  const prices = laptopPolicy.defaultPrices;
  return {
    kind: 'device',
    id: device,
    account,
    state: 'waiting',
    region: 'local',
    runtime: 'process',
    units,
    prices,
    followsBook: false,
    ...named,
    ...counted,
    ...changes,
  };
}

/** An active lease of that device; T1 is the rig's first moment. */
export function unitLease(changes: Partial<LeaseRow> = {}): LeaseRow {
  const slice = { cores: [0], memoryBytes: 1_000_000_000, gpus: [] };
  const terms = { slice, rateMicroPerHour: 60_000n, role: 'head', group: 0, sealedSecret: null } as const;
  const born = { id: leaseId, cluster, device: unitDevice(), ...terms };
  return { ...activate(reserve(born, unitNow), unitNow), ...changes };
}

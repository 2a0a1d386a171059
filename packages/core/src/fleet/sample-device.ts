// A device row for tests: admitted, idle, two cores, unless told otherwise.
import type { AccountId, DeviceId, Enrolment, Gpu, LeaseId } from '@iog/protocol';
import { laptopPolicy, makeId } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';

export const sampleNow = 1_700_000_000_000;

export function sampleId<P extends 'dev' | 'acc' | 'lea' | 'quo'>(prefix: P, n: number): ReturnType<typeof makeId<P>> {
  return makeId(
    prefix,
    sampleNow,
    Uint8Array.from({ length: 16 }, (_, i) => (n >> (i * 5)) & 31),
  );
}
export const sampleAccount: AccountId = sampleId('acc', 1);
export const sampleLease = (n: number): LeaseId => sampleId('lea', n);

export function sampleGpu(n: number, model = 'NVIDIA H100 80GB HBM3'): Gpu {
  return { uuid: `GPU-${n}`, model, memoryBytes: 80_000_000_000 };
}

export function sampleDevice(n: number, changes: Partial<DeviceRow> = {}): DeviceRow {
  const id: DeviceId = sampleId('dev', n);
  const units = changes.units ?? { cores: [0, 1], memoryBytes: 4_000_000_000, diskBytes: 0, gpus: [] };
  return {
    kind: 'device',
    id,
    account: sampleAccount,
    name: `worker-${n}`,
    publicKey: String(n).padStart(43, 'k'),
    recipient: `age1${'q'.repeat(30)}`,
    recipientSignature: 's'.repeat(86),
    state: 'admitted',
    epoch: 1,
    region: 'local',
    runtime: 'process',
    host: 'host',
    units,
    prices: laptopPolicy.defaultPrices,
    followsBook: false,
    proof: { at: sampleNow, expiresAt: sampleNow + 3_600_000, threads: units.cores.length, tookMs: 900, basis: 'declared' },
    live: [],
    provenMs: 0,
    unprovenMs: 0,
    enrolledAt: sampleNow,
    ...changes,
  };
}

export function sampleEnrolment(changes: Partial<Enrolment> = {}): Enrolment {
  const { name, publicKey, recipient, recipientSignature, units, runtime, host } = sampleDevice(1);
  const said = { name, publicKey, recipient, recipientSignature, units, runtime, host };
  return { code: 'ABCD-2345', ...said, atMs: sampleNow, signature: 's'.repeat(86), ...changes };
}

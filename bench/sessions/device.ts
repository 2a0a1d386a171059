// The devices of the bench `sessions`: keys and ids that every process of it makes alike from a number.
import { createHash } from 'node:crypto';
import { type DeviceId, makeId } from '@iog/protocol';
import { type SigningKey, generateSigningKey } from '@iog/seal';

export const bornAt = 1_700_000_000_000;

export interface BenchDevice {
  readonly id: DeviceId;
  readonly key: SigningKey;
}

export function benchDevice(n: number): BenchDevice {
  const seed = new Uint8Array(createHash('sha256').update(`bench device ${n}`).digest());
  return { id: makeId('dev', bornAt, seed.slice(0, 16)), key: generateSigningKey(seed) };
}

/** What the bench asks of its children, and what they answer. */
export interface ServerFigures {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly cpuMs: number;
}
export interface SwarmFigures {
  readonly open: number;
  readonly beats: number;
  readonly pulses: number;
  readonly putOff: number;
}

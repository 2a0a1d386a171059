// Takes the samples of one lease: counters → a snapshot, chained to the one before → signed → on disk. Sending is the sender's.
import type { DeviceId, LeaseId, Snapshot } from '@iog/protocol';
import { canonical, sha256hex, toBase64url } from '@iog/seal';
import type { Place, Spool } from './spool.ts';

export interface SamplerPorts {
  readonly device: DeviceId;
  /** The count of this worker's starts. */
  readonly segment: number;
  readonly spool: Spool;
  readonly sign: (domain: 'evidence', bytes: Uint8Array) => string;
  readonly monoMs: () => number;
  readonly pulse: () => string;
}
export interface Reading {
  readonly busyMs: number;
  readonly tenantMs: number;
  readonly ownMs: number;
  readonly method: Snapshot['method'];
}

export interface Sampler {
  /** One more link of the chain, durable on return. Throws when the disk cannot take it: the chain then stands where it stood. */
  take(reading: Reading, closing: boolean): Place;
}

/** The chain of one lease in this segment. Counters never go back, whatever the sources say. */
export function sampler(lease: LeaseId, ports: SamplerPorts): Sampler {
  let index = 0;
  let prev = '';
  let last = { busyMs: 0, tenantMs: 0, ownMs: 0, monoMs: 0 };
  return {
    take(reading, closing) {
      const counts = {
        busyMs: Math.max(last.busyMs, Math.floor(reading.busyMs)),
        tenantMs: Math.max(last.tenantMs, Math.floor(reading.tenantMs)),
        ownMs: Math.max(last.ownMs, Math.floor(reading.ownMs)),
        monoMs: Math.max(last.monoMs, Math.floor(ports.monoMs())),
      };
      const { device, segment } = ports;
      const snapshot: Snapshot = {
        v: 1,
        lease,
        device,
        segment,
        index,
        ...counts,
        pulse: ports.pulse(),
        method: reading.method,
        prev,
        closing,
      };
      const bytes = canonical(snapshot);
      const signed = { bytes: toBase64url(bytes), signature: ports.sign('evidence', bytes) };
      const place = { segment, index };
      ports.spool.add(lease, { ...place, closing, signed });
      prev = sha256hex(bytes);
      index += 1;
      last = counts;
      return place;
    },
  };
}

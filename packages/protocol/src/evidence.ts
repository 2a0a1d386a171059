// Evidence: the samples a device signs while a lease runs, hash-chained. Whole numbers only.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { BytesSchema, CountSchema, SignatureSchema, oneOf, strict } from './schema.ts';

/** How foreign time was accounted. `cgroup-v1`: the root's cpuacct per core; `schedstat`: run-queue time; `stat`: ticks, which can be dodged. */
export const accountingMethods = ['schedstat', 'cgroup-v1', 'stat', 'none'] as const;
export type AccountingMethod = (typeof accountingMethods)[number];

/**
 * One sample. `segment` counts the worker's starts, `index` counts samples in it from 0, `monoMs` is the device's monotonic clock,
 * `pulse` the nonce of the latest pulse seen ('' if none), `prev` the SHA-256 of the bytes before ('' for the first of a segment).
 * busy, tenant and own are CPU milliseconds since boot, cumulative: of the slice's cores, of the lease's processes, of our own.
 */
export const SnapshotSchema = strict({
  v: Type.Literal(1),
  lease: idSchema('lea'),
  device: idSchema('dev'),
  segment: CountSchema,
  index: CountSchema,
  monoMs: BytesSchema,
  pulse: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
  busyMs: BytesSchema,
  tenantMs: BytesSchema,
  ownMs: BytesSchema,
  method: oneOf(accountingMethods),
  prev: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
  closing: Type.Boolean(),
});
export type Snapshot = Static<typeof SnapshotSchema>;

/** `bytes` is the base64url of the canonical bytes of a Snapshot, signed under the domain `evidence`. */
export const SignedSnapshotSchema = strict({
  bytes: Type.String({ maxLength: 2_000, pattern: '^[A-Za-z0-9_-]+$' }),
  signature: SignatureSchema,
});
export type SignedSnapshot = Static<typeof SignedSnapshotSchema>;

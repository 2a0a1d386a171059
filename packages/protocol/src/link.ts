// The link: messages of one device's session. An assignment is state, a pulse and a capacity demand are questions. Unknown fields are ignored here.
// Which version has which message: `link-versions.ts`.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { SliceSchema } from './fleet.ts';
import { jobStates, nodeSteps, roles } from './cluster.ts';
import { SignedSnapshotSchema } from './evidence.ts';
import { CountSchema, HexSchema, PublicKeySchema, RecipientSchema, SealedSchema, SignatureSchema, oneOf } from './schema.ts';

const LongTextSchema = Type.String({ maxLength: 4_000 });
const AddressSchema = Type.Object({
  host: Type.String({ maxLength: 64, pattern: '^[0-9a-fA-F.:]+$' }),
  gcs: Type.Integer({ minimum: 1, maximum: 65_535 }),
  dashboard: Type.Integer({ minimum: 1, maximum: 65_535 }),
});
export type HeadAddress = Static<typeof AddressSchema>;

export const AssignedJobSchema = Type.Object({
  job: idSchema('job'),
  attempt: CountSchema,
  sealedEntrypoint: SealedSchema,
  package: Type.Union([HexSchema, Type.Null()]),
  stop: Type.Boolean(),
});
export type AssignedJob = Static<typeof AssignedJobSchema>;

/** A device that this lease's worker must seal the cluster's secret to. */
export const SealForSchema = Type.Object({
  lease: idSchema('lea'),
  device: idSchema('dev'),
  publicKey: PublicKeySchema,
  recipient: RecipientSchema,
  recipientSignature: SignatureSchema,
});

/** What a worker must be running now for one lease. A lease that is not in the list must not run. */
export const AssignmentSchema = Type.Object({
  lease: idSchema('lea'),
  cluster: idSchema('clu'),
  generation: CountSchema,
  incarnation: CountSchema,
  role: oneOf(roles),
  slice: SliceSchema,
  sealedSecret: Type.Union([SealedSchema, Type.Null()]),
  renterRecipient: RecipientSchema,
  clusterRecipient: RecipientSchema,
  head: Type.Union([AddressSchema, Type.Null()]),
  jobs: Type.Array(AssignedJobSchema, { maxItems: 200 }),
  sealFor: Type.Array(SealForSchema, { maxItems: 64 }),
});
export type Assignment = Static<typeof AssignmentSchema>;

export const ObservedJobSchema = Type.Object({
  job: idSchema('job'),
  attempt: CountSchema,
  state: oneOf(jobStates),
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  detail: LongTextSchema,
  tasksPerNode: Type.Record(Type.String({ maxLength: 64 }), CountSchema),
  logSegments: CountSchema,
});
export type ObservedJob = Static<typeof ObservedJobSchema>;

/** What a worker sees of one lease. `address` is where the head will listen, known from `prepared` on. `closing`: the last sample's place in the chain, once taken. */
export const ObservedLeaseSchema = Type.Object({
  lease: idSchema('lea'),
  generation: CountSchema,
  incarnation: CountSchema,
  step: oneOf(nodeSteps),
  detail: LongTextSchema,
  address: Type.Union([AddressSchema, Type.Null()]),
  rayNodeId: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
  jobs: Type.Array(ObservedJobSchema, { maxItems: 200 }),
  closing: Type.Union([Type.Object({ segment: CountSchema, index: CountSchema }), Type.Null()]),
  idleMs: CountSchema,
});
export type ObservedLease = Static<typeof ObservedLeaseSchema>;

/** Control to worker. `bye`: control stops and will be back, or
 * has more hellos than it takes at once; it is to be dialled every `retryInMs` until then. `trace`: the request
 * that the assignments after it come from, for logs alone. `welcome` carries what the policy asks of a session. */
export const ToWorkerSchema = Type.Union([
  Type.Object({
    type: Type.Literal('challenge'),
    nonce: HexSchema,
    network: Type.String({ maxLength: 64 }),
    min: CountSchema,
    max: CountSchema,
  }),
  Type.Object({
    type: Type.Literal('welcome'),
    epoch: CountSchema,
    version: CountSchema,
    beatEveryMs: CountSchema,
    sampleEveryMs: CountSchema,
    lostAfterMs: CountSchema,
    policy: HexSchema,
  }),
  Type.Object({ type: Type.Literal('refused'), code: Type.String({ maxLength: 64 }), detail: LongTextSchema }),
  Type.Object({ type: Type.Literal('assignments'), epoch: CountSchema, assignments: Type.Array(AssignmentSchema, { maxItems: 256 }) }),
  Type.Object({ type: Type.Literal('pulse'), nonce: HexSchema, withinMs: CountSchema }),
  Type.Object({
    type: Type.Literal('capacity'),
    id: HexSchema,
    salt: HexSchema,
    threads: CountSchema,
    memoryKib: CountSchema,
    passes: CountSchema,
    links: CountSchema,
    withinMs: CountSchema,
  }),
  Type.Object({ type: Type.Literal('acknowledged'), lease: idSchema('lea'), segment: CountSchema, index: CountSchema }),
  Type.Object({ type: Type.Literal('bye'), retryInMs: CountSchema }),
  Type.Object({ type: Type.Literal('trace'), request: Type.String({ maxLength: 64 }) }),
]);
export type ToWorker = Static<typeof ToWorkerSchema>;

/** Worker to control. `hello` is signed (domain `hello`) over the canonical { nonce, network, device, bootId }. */
export const ToControlSchema = Type.Union([
  Type.Object({
    type: Type.Literal('hello'),
    device: idSchema('dev'),
    min: CountSchema,
    max: CountSchema,
    capabilities: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 32 }),
    bootId: Type.String({ maxLength: 64 }),
    signature: SignatureSchema,
  }),
  Type.Object({ type: Type.Literal('pulse-answer'), nonce: HexSchema }),
  Type.Object({ type: Type.Literal('capacity-answer'), id: HexSchema, digests: Type.Array(HexSchema, { maxItems: 1024 }) }),
  Type.Object({ type: Type.Literal('beat'), epoch: CountSchema, observed: Type.Array(ObservedLeaseSchema, { maxItems: 256 }) }),
  Type.Object({
    type: Type.Literal('evidence'),
    epoch: CountSchema,
    lease: idSchema('lea'),
    snapshots: Type.Array(SignedSnapshotSchema, { minItems: 1, maxItems: 64 }),
  }),
  Type.Object({
    type: Type.Literal('sealed-for'),
    epoch: CountSchema,
    lease: idSchema('lea'),
    device: idSchema('dev'),
    sealed: SealedSchema,
  }),
]);
export type ToControl = Static<typeof ToControlSchema>;

// cluster, lease and job: what a renter sees of them, and what they send.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { InstantSchema } from './time.ts';
import { AmountSchema, CurrencySchema } from './money.ts';
import { SliceSchema } from './fleet.ts';
import { DemandSchema, QuoteSchema, longestAskMs } from './market.ts';
import { CountSchema, HexSchema, NameSchema, RecipientSchema, SealedSchema, TextSchema, oneOf, strict } from './schema.ts';

export const clusterStates = ['forming', 'running', 'ending', 'ended'] as const;
export type ClusterState = (typeof clusterStates)[number];
export const endReasons = ['renter', 'time', 'cap', 'idle', 'lost', 'failed'] as const;
export type EndReason = (typeof endReasons)[number];
/** `reserved` → `active` (from T1) → `ending` (T2 is known; minutes are being decided) → `settled`. */
export const leaseStates = ['reserved', 'active', 'ending', 'settled'] as const;
export type LeaseState = (typeof leaseStates)[number];
export const roles = ['head', 'member'] as const;
export type Role = (typeof roles)[number];
export const nodeSteps = ['assigned', 'preparing', 'prepared', 'starting', 'joining', 'ready', 'stopping', 'stopped', 'failed'] as const;
export type NodeStep = (typeof nodeSteps)[number];
export const jobStates = ['waiting', 'submitted', 'running', 'succeeded', 'failed', 'stopped', 'lost'] as const;
export type JobState = (typeof jobStates)[number];

/** The cluster's secret, sealed (age) to each device of the quote and to the renter; `recipient` is the cluster's own age recipient. */
export const SecretsSchema = strict({
  sealedTo: Type.Record(Type.String({ pattern: '^dev_[0-9a-z]{26}$' }), SealedSchema, { additionalProperties: false, maxProperties: 64 }),
  sealedToRenter: SealedSchema,
  recipient: RecipientSchema,
  renterRecipient: RecipientSchema,
});
export type Secrets = Static<typeof SecretsSchema>;

export const NewClusterSchema = strict({
  name: NameSchema,
  quote: QuoteSchema,
  secrets: SecretsSchema,
  idleEndMs: Type.Optional(Type.Integer({ minimum: 60_000, maximum: 86_400_000 })),
});
export type NewCluster = Static<typeof NewClusterSchema>;

/**
 * So much longer, at unchanged rates. What is added to the cap is what its nodes cost in that time, or `capMicro` where that is less. A
 * group of nodes whose own time is over stays over.
 */
export const ExtensionSchema = strict({
  byMs: Type.Integer({ minimum: 60_000, maximum: longestAskMs }),
  capMicro: Type.Optional(AmountSchema),
});
export type Extension = Static<typeof ExtensionSchema>;

export const LeaseViewSchema = strict({
  id: idSchema('lea'),
  cluster: idSchema('clu'),
  device: idSchema('dev'),
  deviceName: NameSchema,
  role: oneOf(roles),
  incarnation: CountSchema,
  generation: CountSchema,
  state: oneOf(leaseStates),
  step: oneOf(nodeSteps),
  detail: TextSchema,
  /** Which group of the demand it is of, counted from 0; left out for the first. */
  group: Type.Optional(CountSchema),
  slice: SliceSchema,
  rateMicroPerHour: AmountSchema,
  createdAt: InstantSchema,
  startedAt: Type.Union([InstantSchema, Type.Null()]),
  endedAt: Type.Union([InstantSchema, Type.Null()]),
  endReason: Type.Union([TextSchema, Type.Null()]),
  provenMs: CountSchema,
  unprovenMs: CountSchema,
  paidMicro: AmountSchema,
});
export type LeaseView = Static<typeof LeaseViewSchema>;

export const ClusterViewSchema = strict({
  id: idSchema('clu'),
  account: idSchema('acc'),
  name: NameSchema,
  state: oneOf(clusterStates),
  endReason: Type.Union([oneOf(endReasons), Type.Null()]),
  demand: DemandSchema,
  currency: CurrencySchema,
  capMicro: AmountSchema,
  heldMicro: AmountSchema,
  paidMicro: AmountSchema,
  refundedMicro: AmountSchema,
  rateMicroPerHour: AmountSchema,
  createdAt: InstantSchema,
  endsAt: InstantSchema,
  endedAt: Type.Union([InstantSchema, Type.Null()]),
  incarnation: CountSchema,
  head: Type.Union([idSchema('lea'), Type.Null()]),
  leases: Type.Array(LeaseViewSchema),
  sealedToRenter: SealedSchema,
  recipient: RecipientSchema,
  notice: TextSchema,
  waitsFor: TextSchema,
});
export type ClusterView = Static<typeof ClusterViewSchema>;

/** Entrypoint and environment are sealed to the cluster; `package` names a blob sealed to the cluster. */
export const NewJobSchema = strict({
  name: NameSchema,
  sealedEntrypoint: SealedSchema,
  package: Type.Optional(HexSchema),
  retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
});
export type NewJob = Static<typeof NewJobSchema>;

export const JobViewSchema = strict({
  id: idSchema('job'),
  cluster: idSchema('clu'),
  name: NameSchema,
  state: oneOf(jobStates),
  detail: TextSchema,
  createdAt: InstantSchema,
  startedAt: Type.Union([InstantSchema, Type.Null()]),
  endedAt: Type.Union([InstantSchema, Type.Null()]),
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  attempt: CountSchema,
  retries: CountSchema,
  tasksPerNode: Type.Record(Type.String(), CountSchema),
  logSegments: CountSchema,
});
export type JobView = Static<typeof JobViewSchema>;

/** One line of a cluster's story, in order of `seq`. Kinds: cluster.*, lease.step, lease.active, lease.lost, lease.ended, job.*, receipt.issued. */
export const EventSchema = strict({
  seq: CountSchema,
  at: InstantSchema,
  kind: Type.String({ maxLength: 40 }),
  subject: Type.String({ maxLength: 64 }),
  detail: TextSchema,
});
export type ClusterEvent = Static<typeof EventSchema>;

// fleet: devices, their units, enrolment, the admission policy's face.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { InstantSchema } from './time.ts';
import { AmountAskedSchema } from './money.ts';
import {
  BytesSchema,
  CountSchema,
  NameSchema,
  PublicKeySchema,
  RecipientSchema,
  SignatureSchema,
  TextSchema,
  oneOf,
  strict,
} from './schema.ts';

/** A version of CUDA: `12.8`. */
export const CudaSchema = Type.String({ pattern: '^[0-9]{1,3}\\.[0-9]{1,3}$', examples: ['12.4'] });

/** `cuda`: the newest version that its driver supports. */
export const GpuSchema = strict({
  uuid: Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9-]+$', examples: ['GPU-0'] }),
  model: NameSchema,
  memoryBytes: BytesSchema,
  cuda: Type.Optional(CudaSchema),
});
export type Gpu = Static<typeof GpuSchema>;

/** What a device has to rent: the numbers of its cores, bytes of memory and disk, its GPUs. */
export const UnitsSchema = strict({
  cores: Type.Array(Type.Integer({ minimum: 0, maximum: 4095 }), { minItems: 1, maxItems: 1024, uniqueItems: true }),
  memoryBytes: BytesSchema,
  diskBytes: BytesSchema,
  gpus: Type.Array(GpuSchema, { maxItems: 64 }),
});
export type Units = Static<typeof UnitsSchema>;

/** The units of one device that one lease holds. `gpus` are uuids. */
export const SliceSchema = strict({
  cores: Type.Array(Type.Integer({ minimum: 0, maximum: 4095 }), { minItems: 1, maxItems: 1024, uniqueItems: true }),
  memoryBytes: BytesSchema,
  gpus: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 }),
});
export type Slice = Static<typeof SliceSchema>;

/** No price is above a million whole units an hour: more is a slip of the hand. */
export const mostPriceMicro = 1_000_000_000_000n;

/** Prices per hour in micro-units: of a core, of a GB (10⁹ bytes) of memory, of a GPU by its model. */
export const PricesSchema = strict({
  coreMicro: AmountAskedSchema,
  memoryGbMicro: AmountAskedSchema,
  gpuMicro: Type.Record(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._@:-]{0,63}$' }), AmountAskedSchema, {
    additionalProperties: false,
    maxProperties: 64,
  }),
});
export type Prices = Static<typeof PricesSchema>;

export const runtimes = ['process'] as const;
export type RuntimeKind = (typeof runtimes)[number];

/** What a person types to approve a device. */
export const EnrolmentCodeSchema = Type.String({ pattern: '^[A-Z2-9]{4}-[A-Z2-9]{4}$', examples: ['AAAA-2222'] });

/** What a device says when it enrols, signed by its own key (domain `enrolment`, canonical bytes without `signature`). */
export const EnrolmentSchema = strict({
  code: EnrolmentCodeSchema,
  name: NameSchema,
  publicKey: PublicKeySchema,
  recipient: RecipientSchema,
  recipientSignature: SignatureSchema,
  units: UnitsSchema,
  runtime: oneOf(runtimes),
  host: Type.String({ maxLength: 128 }),
  /** The owner knows that another device of this host offers some of these cores too. */
  shareCores: Type.Optional(Type.Boolean()),
  atMs: InstantSchema,
  signature: SignatureSchema,
});
export type Enrolment = Static<typeof EnrolmentSchema>;

export const EnrolmentViewSchema = strict({
  code: Type.String(),
  state: oneOf(['waiting', 'approved', 'expired']),
  name: NameSchema,
  device: Type.Union([idSchema('dev'), Type.Null()]),
  expiresAt: InstantSchema,
});
export type EnrolmentView = Static<typeof EnrolmentViewSchema>;

/** `waiting`: no unexpired capacity proof yet. `admitted`: may be rented. `draining`: takes no new lease. */
export const deviceStates = ['waiting', 'admitted', 'draining', 'removed'] as const;
export type DeviceState = (typeof deviceStates)[number];

export const CapacityProofSchema = strict({
  at: InstantSchema,
  expiresAt: InstantSchema,
  threads: CountSchema,
  tookMs: CountSchema,
  basis: Type.Literal('declared'),
});
export type CapacityProof = Static<typeof CapacityProofSchema>;

/** Of the last `days`: minutes in which the device was in a session, and those in which control was there to observe it. */
export const UptimeViewSchema = strict({
  basis: Type.Literal('observed'),
  share: Type.Number({ minimum: 0, maximum: 1 }),
  upMinutes: CountSchema,
  observedMinutes: CountSchema,
  days: CountSchema,
});
export type UptimeView = Static<typeof UptimeViewSchema>;

export const DeviceViewSchema = strict({
  id: idSchema('dev'),
  account: idSchema('acc'),
  name: NameSchema,
  state: oneOf(deviceStates),
  connected: Type.Boolean(),
  region: NameSchema,
  tier: Type.Literal('unmeasured'),
  runtime: oneOf(runtimes),
  isolation: TextSchema,
  units: UnitsSchema,
  free: Type.Union([SliceSchema, Type.Null()]),
  prices: PricesSchema,
  /** Its prices are those of its supplier's book. */
  followsBook: Type.Optional(Type.Boolean()),
  proof: Type.Union([CapacityProofSchema, Type.Null()]),
  leases: Type.Array(idSchema('lea')),
  reputation: Type.Number({ minimum: 0, maximum: 1 }),
  epoch: CountSchema,
  lastSeenAt: Type.Union([InstantSchema, Type.Null()]),
  waitsFor: TextSchema,
  /** Null where it is not told, as in the answer to a command, or nothing was observed yet. */
  uptime: Type.Optional(Type.Union([UptimeViewSchema, Type.Null()])),
});
export type DeviceView = Static<typeof DeviceViewSchema>;

// market: offers, what a renter asks for, and the signed quote that answers.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { DurationMsSchema, InstantSchema } from './time.ts';
import { AmountSchema, CurrencySchema } from './money.ts';
import { GpuSchema, PricesSchema, SliceSchema, runtimes } from './fleet.ts';
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

export const OfferViewSchema = strict({
  device: idSchema('dev'),
  name: NameSchema,
  region: NameSchema,
  tier: Type.Literal('unmeasured'),
  runtime: oneOf(runtimes),
  isolation: TextSchema,
  cores: CountSchema,
  memoryBytes: BytesSchema,
  gpus: Type.Array(GpuSchema),
  prices: PricesSchema,
  wholeMicroPerHour: AmountSchema,
  basis: Type.Literal('declared'),
  reputation: Type.Number(),
  latencyUpToMs: Type.Union([Type.Number(), Type.Null()]),
});
export type OfferView = Static<typeof OfferViewSchema>;

/** What a renter asks for: `nodes` slices of one shape, for a time. */
export const DemandSchema = strict({
  nodes: Type.Integer({ minimum: 1, maximum: 64 }),
  coresPerNode: Type.Integer({ minimum: 1, maximum: 1024 }),
  memoryBytesPerNode: Type.Integer({ minimum: 100_000_000, maximum: 16_000_000_000_000 }),
  gpu: Type.Optional(strict({ model: NameSchema, count: Type.Integer({ minimum: 1, maximum: 64 }) })),
  region: Type.Optional(NameSchema),
  maxMicroPerHour: Type.Optional(AmountSchema),
  durationMs: Type.Integer({ minimum: 60_000, maximum: 31 * 24 * 3_600_000 }),
  capMicro: Type.Optional(AmountSchema),
});
export type Demand = Static<typeof DemandSchema>;

export const QuoteNodeSchema = strict({
  device: idSchema('dev'),
  name: NameSchema,
  region: NameSchema,
  publicKey: PublicKeySchema,
  recipient: RecipientSchema,
  recipientSignature: SignatureSchema,
  slice: SliceSchema,
  rateMicroPerHour: AmountSchema,
  breakdown: Type.Array(strict({ what: NameSchema, count: Type.Number(), microPerHour: AmountSchema })),
  runtime: oneOf(runtimes),
  isolation: TextSchema,
});
export type QuoteNode = Static<typeof QuoteNodeSchema>;

/** Priced, expiring terms, signed by control (domain `quote`, canonical bytes without `signature`). The first node is the head. */
export const QuoteSchema = strict({
  id: idSchema('quo'),
  account: idSchema('acc'),
  at: InstantSchema,
  expiresAt: InstantSchema,
  demand: DemandSchema,
  nodes: Type.Array(QuoteNodeSchema, { minItems: 1, maxItems: 64 }),
  currency: CurrencySchema,
  rateMicroPerHour: AmountSchema,
  capMicro: AmountSchema,
  feeBasisPoints: CountSchema,
  durationMs: DurationMsSchema,
  latencyUpToMs: Type.Union([Type.Number(), Type.Null()]),
  basis: Type.Literal('declared'),
  notice: TextSchema,
  policy: Type.String(),
  signature: SignatureSchema,
});
export type Quote = Static<typeof QuoteSchema>;

/** How many devices each filter left; the first with 0 left is why a quote is empty. */
export const FilterStepSchema = strict({ filter: NameSchema, left: CountSchema, detail: TextSchema });
export type FilterStep = Static<typeof FilterStepSchema>;
export const QuoteAnswerSchema = strict({
  quote: Type.Union([QuoteSchema, Type.Null()]),
  filters: Type.Array(FilterStepSchema),
  emptiedBy: Type.Union([FilterStepSchema, Type.Null()]),
});
export type QuoteAnswer = Static<typeof QuoteAnswerSchema>;

// market: offers, what a renter asks for, and the signed quote that answers.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { DurationMsSchema, InstantSchema } from './time.ts';
import { AmountAskedSchema, AmountSchema, CurrencySchema } from './money.ts';
import { CudaSchema, GpuSchema, PricesSchema, SliceSchema, runtimes } from './fleet.ts';
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

/** A supplier's prices for all its devices that follow them. `prices` null: none are set, and followers have the policy's. */
export const PriceBookSchema = strict({
  prices: Type.Union([PricesSchema, Type.Null()]),
  revision: CountSchema,
  setAt: Type.Union([InstantSchema, Type.Null()]),
  /** Not all devices have these prices yet. */
  isMoving: Type.Boolean(),
});
export type PriceBook = Static<typeof PriceBookSchema>;

const SpreadSchema = Type.Union([strict({ minMicro: AmountSchema, medianMicro: AmountSchema, maxMicro: AmountSchema }), Type.Null()]);

/** The prices an hour of one class at one moment: of free units, and of devices whose units of it are rented. */
export const PriceSampleSchema = strict({
  at: InstantSchema,
  devices: CountSchema,
  /** Cores, whole GB of memory, or GPUs. */
  free: CountSchema,
  rented: CountSchema,
  offered: SpreadSchema,
  rentedAt: SpreadSchema,
});
export type PriceSample = Static<typeof PriceSampleSchema>;

/** What can be rented of one class in one region: `core`, `memory` (a GB), or a model of GPU. */
export const MarketLineSchema = strict({ class: NameSchema, region: NameSchema, ...PriceSampleSchema.properties });
export type MarketLine = Static<typeof MarketLineSchema>;

/** Which GPUs a node needs: `count` of one model, of any model, and each with so much memory where it is said. */
const GpuWantSchema = strict({
  model: Type.Optional(NameSchema),
  count: Type.Integer({ minimum: 1, maximum: 64 }),
  memoryBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 16_000_000_000_000 })),
});

/** How many nodes a cluster may have in all, and how many groups of them besides the first. */
export const mostNodes = 64;
const mostFurtherGroups = 7;
const mostSuppliersNamed = 50;
/** The longest time that is asked for at once, and what a cluster may come to by being extended. */
export const longestAskMs = 31 * 24 * 3_600_000;
export const longestClusterMs = 366 * 24 * 3_600_000;

const shape = {
  nodes: Type.Integer({ minimum: 1, maximum: mostNodes }),
  coresPerNode: Type.Integer({ minimum: 1, maximum: 1024 }),
  memoryBytesPerNode: Type.Integer({ minimum: 100_000_000, maximum: 16_000_000_000_000 }),
  gpu: Type.Optional(GpuWantSchema),
};
const TimeSchema = Type.Integer({ minimum: 60_000, maximum: longestAskMs });
const SuppliersSchema = Type.Array(idSchema('acc'), { minItems: 1, maxItems: mostSuppliersNamed, uniqueItems: true });

/** A group of nodes of one shape. `durationMs` where it is rented for less time than the cluster. */
export const NodeShapeSchema = strict({ ...shape, durationMs: Type.Optional(TimeSchema) });
export type NodeShape = Static<typeof NodeShapeSchema>;

/** What a node's processes are kept apart by, weakest first: a renter asks for at least so much. */
export const isolations = ['none', 'container', 'sandbox'] as const;
export type Isolation = (typeof isolations)[number];

/**
 * What a renter asks for: `nodes` slices of one shape, for a time, and `more` groups of other shapes beside them. The head is the first node of
 * the first group. Prices and the cap are of all nodes together.
 */
export const DemandSchema = strict({
  ...shape,
  more: Type.Optional(Type.Array(NodeShapeSchema, { maxItems: mostFurtherGroups })),
  region: Type.Optional(NameSchema),
  /** Of the driver of every node with GPUs: at least this version of CUDA. */
  cuda: Type.Optional(CudaSchema),
  tier: Type.Optional(NameSchema),
  /** At least: the proven share of leased time. Whole numbers, for quotes are signed over a demand. */
  reputationPermille: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
  isolation: Type.Optional(oneOf(isolations)),
  suppliers: Type.Optional(SuppliersSchema),
  withoutSuppliers: Type.Optional(SuppliersSchema),
  /** No two nodes of one supplier. */
  spreadOver: Type.Optional(Type.Literal('suppliers')),
  maxMicroPerHour: Type.Optional(AmountAskedSchema),
  durationMs: TimeSchema,
  capMicro: Type.Optional(AmountAskedSchema),
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
  breakdown: Type.Array(strict({ what: NameSchema, count: CountSchema, microPerHour: AmountSchema })),
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
  latencyUpToMs: Type.Union([CountSchema, Type.Null()]),
  basis: Type.Literal('declared'),
  notice: TextSchema,
  policy: Type.String(),
  signature: SignatureSchema,
});
export type Quote = Static<typeof QuoteSchema>;

/** How many devices each filter left; the first with 0 left is why a quote is empty. */
export const FilterStepSchema = strict({ filter: NameSchema, left: CountSchema, detail: TextSchema });
export type FilterStep = Static<typeof FilterStepSchema>;
/** What would match if one thing were asked for less: `suggestion` says which, `wouldMatch` how many devices it would leave. */
export const RelaxedSchema = strict({ filter: NameSchema, wouldMatch: CountSchema, suggestion: TextSchema });
export type Relaxed = Static<typeof RelaxedSchema>;
export const QuoteAnswerSchema = strict({
  quote: Type.Union([QuoteSchema, Type.Null()]),
  filters: Type.Array(FilterStepSchema),
  emptiedBy: Type.Union([FilterStepSchema, Type.Null()]),
  /** Of an empty answer. */
  relaxed: Type.Optional(Type.Array(RelaxedSchema, { maxItems: 16 })),
  /** That an empty answer is of a part of the market: control has just begun, and still reads it. */
  reading: Type.Optional(TextSchema),
});
export type QuoteAnswer = Static<typeof QuoteAnswerSchema>;

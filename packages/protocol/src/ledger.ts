// ledger and timelock: balances, entries, minutes with their verdicts, the receipt.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { InstantSchema } from './time.ts';
import { AmountSchema, CurrencySchema } from './money.ts';
import { roles } from './cluster.ts';
import { CountSchema, HexSchema, NameSchema, SignatureSchema, TextSchema, oneOf, strict } from './schema.ts';

export const BalanceSchema = strict({
  account: idSchema('acc'),
  currency: CurrencySchema,
  availableMicro: AmountSchema,
  heldMicro: AmountSchema,
  earnedMicro: AmountSchema,
});
export type Balance = Static<typeof BalanceSchema>;

export const entryKinds = ['faucet', 'hold', 'accrual', 'refund'] as const;
export type EntryKind = (typeof entryKinds)[number];

export const EntryViewSchema = strict({
  id: idSchema('ent'),
  at: InstantSchema,
  kind: oneOf(entryKinds),
  currency: CurrencySchema,
  subject: Type.String(),
  lines: Type.Array(strict({ account: Type.String(), amountMicro: AmountSchema })),
});
export type EntryView = Static<typeof EntryViewSchema>;

/** A month, UTC. */
export const MonthSchema = Type.String({ pattern: '^20[0-9]{2}-(0[1-9]|1[0-2])$', examples: ['2026-11'] });
const PurseSchema = strict({ availableMicro: AmountSchema, heldMicro: AmountSchema, earnedMicro: AmountSchema });

/** opening + all movements = closing = the next month's opening, to the last unit. */
export const StatementViewSchema = strict({
  account: idSchema('acc'),
  currency: CurrencySchema,
  month: MonthSchema,
  from: InstantSchema,
  to: InstantSchema,
  /** The month is over, and nothing is added to it any more. */
  isWhole: Type.Boolean(),
  opening: PurseSchema,
  movements: Type.Array(strict({ kind: oneOf(entryKinds), count: CountSchema, ...PurseSchema.properties })),
  closing: PurseSchema,
});
export type StatementView = Static<typeof StatementViewSchema>;

export const verdictKinds = ['proven', 'unproven', 'violated'] as const;
export type VerdictKind = (typeof verdictKinds)[number];
export const bases = ['declared', 'demanded', 'attested'] as const;
export type Basis = (typeof bases)[number];

/** Why a minute is what it is: an append-only list of codes, with whole numbers. */
export const groundCodes = [
  'chain.whole',
  'chain.gap',
  'chain.missing',
  'chain.contradiction',
  'pulse.missed',
  'pulse.none-sent',
  'foreign.share',
  'foreign.unmeasured',
  'closing.missing',
] as const;
export type GroundCode = (typeof groundCodes)[number];
export const GroundSchema = strict({ code: oneOf(groundCodes), numbers: Type.Record(Type.String({ maxLength: 32 }), Type.Integer()) });
export type Ground = Static<typeof GroundSchema>;

export const MinuteViewSchema = strict({
  k: CountSchema,
  from: InstantSchema,
  to: InstantSchema,
  ms: CountSchema,
  verdict: oneOf(verdictKinds),
  basis: Type.Union([oneOf(bases), Type.Null()]),
  grounds: Type.Array(GroundSchema),
  method: Type.String(),
  policy: Type.String(),
});
export type MinuteView = Static<typeof MinuteViewSchema>;

export const ReceiptLeaseSchema = strict({
  lease: idSchema('lea'),
  device: idSchema('dev'),
  deviceName: NameSchema,
  role: oneOf(roles),
  incarnation: CountSchema,
  rateMicroPerHour: AmountSchema,
  startedAt: Type.Union([InstantSchema, Type.Null()]),
  endedAt: Type.Union([InstantSchema, Type.Null()]),
  endReason: TextSchema,
  minutes: strict({ proven: CountSchema, unproven: CountSchema, violated: CountSchema, byBasis: Type.Record(Type.String(), CountSchema) }),
  provenMs: CountSchema,
  unprovenMs: CountSchema,
  paidMicro: AmountSchema,
  evidence: HexSchema,
  verdicts: Type.Array(MinuteViewSchema),
});
export type ReceiptLease = Static<typeof ReceiptLeaseSchema>;

/** The bill of a cluster, signed by control (domain `receipt`). `held` = `paid` + `refunded`; `paid` includes `fee`. */
export const ReceiptSchema = strict({
  cluster: idSchema('clu'),
  account: idSchema('acc'),
  name: NameSchema,
  issuedAt: InstantSchema,
  currency: CurrencySchema,
  endReason: Type.String(),
  heldMicro: AmountSchema,
  paidMicro: AmountSchema,
  refundedMicro: AmountSchema,
  feeMicro: AmountSchema,
  feeBasisPoints: CountSchema,
  leases: Type.Array(ReceiptLeaseSchema),
  entries: Type.Array(EntryViewSchema),
  policy: Type.String(),
  notice: TextSchema,
  signature: SignatureSchema,
});
export type Receipt = Static<typeof ReceiptSchema>;

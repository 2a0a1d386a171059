// Join tokens: one secret by which many hosts enrol and are approved without a person. The client makes the secret; only its hash is kept.
import { Type, type Static } from 'typebox';
import { EnrolmentSchema, PricesSchema } from './fleet.ts';
import { idSchema } from './ids.ts';
import { HexSchema, NameSchema, oneOf, strict } from './schema.ts';
import { InstantSchema } from './time.ts';

/** No token brings in more devices, or lives longer. */
export const joinTokenLimits = { devices: 10_000, liveMs: 366 * 24 * 3_600_000 } as const;

const MostSchema = Type.Integer({ minimum: 1, maximum: joinTokenLimits.devices });

/** `most`: how many devices it brings in. `namePrefix` goes before the name that each host gives itself. */
export const NewJoinTokenSchema = strict({
  name: NameSchema,
  hash: HexSchema,
  most: MostSchema,
  expiresAt: InstantSchema,
  region: Type.Optional(NameSchema),
  prices: Type.Optional(PricesSchema),
  namePrefix: Type.Optional(Type.String({ maxLength: 32, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' })),
});
export type NewJoinToken = Static<typeof NewJoinTokenSchema>;

export const joinTokenStates = ['open', 'used', 'expired', 'revoked'] as const;

export const JoinTokenViewSchema = strict({
  id: idSchema('tok'),
  name: NameSchema,
  state: oneOf(joinTokenStates),
  uses: Type.Integer({ minimum: 0 }),
  most: MostSchema,
  createdAt: InstantSchema,
  expiresAt: InstantSchema,
  revokedAt: Type.Union([InstantSchema, Type.Null()]),
  region: Type.Union([NameSchema, Type.Null()]),
  prices: Type.Union([PricesSchema, Type.Null()]),
  namePrefix: Type.String(),
});
export type JoinTokenView = Static<typeof JoinTokenViewSchema>;

/** What a host sends: what it says of itself, signed by its device key as in any enrolment, and the token's secret. */
export const JoiningSchema = strict({
  enrolment: EnrolmentSchema,
  secret: Type.String({ pattern: '^iog_[A-Za-z0-9_-]{43}$', examples: [`iog_${'A'.repeat(43)}`] }),
});

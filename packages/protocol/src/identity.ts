// identity: accounts, their members and keys with scopes, the activity log. What a team is made of is in team.ts.
import { Type, type Static } from 'typebox';
import { idSchema } from './ids.ts';
import { InstantSchema } from './time.ts';
import { AmountAskedSchema, AmountSchema } from './money.ts';
import { HexSchema, NameSchema, RecipientSchema, TextSchema, oneOf, strict } from './schema.ts';

/** What a key may do in its own account: `read` sees; `rent` spends; `supply` enrols and steers devices; `admin` makes and revokes keys, and in the hands of an owner members. */
export const accountScopes = ['read', 'rent', 'supply', 'admin'] as const;
/** `operate` reaches beyond the own account: it makes other accounts. Only the first account of a network has it from the start. */
export const scopes = [...accountScopes, 'operate'] as const;
export type Scope = (typeof scopes)[number];
export const ScopeSchema = oneOf(scopes);

export const AccountViewSchema = strict({
  id: idSchema('acc'),
  name: NameSchema,
  createdAt: InstantSchema,
  recipient: Type.Union([RecipientSchema, Type.Null()]),
});
export type AccountView = Static<typeof AccountViewSchema>;

export const KeyViewSchema = strict({
  id: idSchema('key'),
  account: idSchema('acc'),
  /** Whose it is. */
  member: idSchema('mem'),
  name: NameSchema,
  scopes: Type.Array(ScopeSchema),
  createdAt: InstantSchema,
  expiresAt: Type.Union([InstantSchema, Type.Null()]),
  revokedAt: Type.Union([InstantSchema, Type.Null()]),
  spendCapMicro: Type.Union([AmountSchema, Type.Null()]),
  /** What the clusters made with it hold or have paid: holds minus refunds. */
  spentMicro: AmountSchema,
});
export type KeyView = Static<typeof KeyViewSchema>;

/** The client makes the secret and sends its SHA-256 only. */
export const NewKeySchema = strict({
  name: NameSchema,
  hash: HexSchema,
  scopes: Type.Array(ScopeSchema, { minItems: 1, maxItems: scopes.length, uniqueItems: true }),
  expiresAt: Type.Optional(InstantSchema),
  spendCapMicro: Type.Optional(AmountAskedSchema),
});
export type NewKey = Static<typeof NewKeySchema>;

export const NewAccountSchema = strict({ name: NameSchema, key: NewKeySchema, recipient: Type.Optional(RecipientSchema) });
export type NewAccount = Static<typeof NewAccountSchema>;

export const ActivityViewSchema = strict({
  id: idSchema('act'),
  at: InstantSchema,
  account: idSchema('acc'),
  key: Type.Union([idSchema('key'), Type.Null()]),
  command: Type.String({ maxLength: 64 }),
  subject: Type.String({ maxLength: 128 }),
  outcome: TextSchema,
  request: Type.String({ maxLength: 64 }),
});
export type ActivityView = Static<typeof ActivityViewSchema>;

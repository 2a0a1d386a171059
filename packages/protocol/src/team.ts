// identity, teams: the members of an account, what their roles may do, and invitations. A key belongs to a member and does no more than its role.
import { Type, type Static } from 'typebox';
import { AccountViewSchema, KeyViewSchema, NewKeySchema, ScopeSchema, accountScopes, scopes, type Scope } from './identity.ts';
import { idSchema } from './ids.ts';
import { HexSchema, NameSchema, oneOf, strict } from './schema.ts';
import { InstantSchema } from './time.ts';

/**
 * `owner` does everything and steers members, invitations and everybody's keys; `member` sees, rents and supplies; `viewer` sees.
 * With the scope `admin` members and viewers make and revoke their own keys, nobody else's.
 */
export const memberRoles = ['viewer', 'member', 'owner'] as const;
export type MemberRole = (typeof memberRoles)[number];
export const MemberRoleSchema = oneOf(memberRoles);

/** The most that a key of such a member may do. */
export const roleScopes: Readonly<Record<MemberRole, readonly Scope[]>> = {
  owner: scopes,
  member: accountScopes,
  viewer: ['read', 'admin'],
};

/** `invitations`: of one account, until a while after their expiry, in whatever state. */
export const teamLimits = { members: 100, invitations: 200, invitationMs: 30 * 24 * 3_600_000 } as const;

export const MemberViewSchema = strict({ id: idSchema('mem'), name: NameSchema, role: MemberRoleSchema, createdAt: InstantSchema });
export type MemberView = Static<typeof MemberViewSchema>;

const invitationStates = ['open', 'used', 'revoked', 'expired'] as const;
export const InvitationViewSchema = strict({
  id: idSchema('inv'),
  account: idSchema('acc'),
  role: MemberRoleSchema,
  state: oneOf(invitationStates),
  by: idSchema('mem'),
  createdAt: InstantSchema,
  expiresAt: InstantSchema,
  /** Who accepted it. */
  member: Type.Union([idSchema('mem'), Type.Null()]),
});
export type InvitationView = Static<typeof InvitationViewSchema>;

/** The client makes the secret and sends its SHA-256 only. */
export const NewInvitationSchema = strict({ hash: HexSchema, role: MemberRoleSchema, expiresAt: InstantSchema });
export type NewInvitation = Static<typeof NewInvitationSchema>;

/** Whoever has the secret joins, with a key of their own; without `scopes` it may do what the role may in its account. */
export const AcceptanceSchema = strict({
  secret: Type.String({ pattern: '^iog_[A-Za-z0-9_-]{43}$', examples: [`iog_${'A'.repeat(43)}`] }),
  name: NameSchema,
  key: strict({
    ...NewKeySchema.properties,
    scopes: Type.Optional(Type.Array(ScopeSchema, { minItems: 1, maxItems: scopes.length, uniqueItems: true })),
  }),
});
export type Acceptance = Static<typeof AcceptanceSchema>;

/** Who a key is. */
export const WhoSchema = strict({ account: AccountViewSchema, member: MemberViewSchema, key: KeyViewSchema });

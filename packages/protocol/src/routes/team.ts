// teams over HTTP: who a key is, the members of its account, and the invitations to it.
import { idSchema } from '../ids.ts';
import { strict } from '../schema.ts';
import { AcceptanceSchema, InvitationViewSchema, MemberRoleSchema, MemberViewSchema, NewInvitationSchema, WhoSchema } from '../team.ts';
import { type Route, listOf, nothing, page } from './route.ts';

const memberParams = strict({ member: idSchema('mem') });

export const teamRoutes = {
  'key.show': {
    summary: 'Who this key is: its account, its member, itself',
    method: 'GET',
    path: '/v1/key',
    access: 'read',
    answer: WhoSchema,
  },
  'member.list': {
    summary: 'The members of the account, in the order of their ids',
    method: 'GET',
    path: '/v1/members',
    access: 'read',
    query: page,
    answer: listOf(MemberViewSchema),
    errors: ['not-found'],
  },
  'member.role': {
    summary: 'Gives a member another role, and their keys what it may do; what it may not ends at once',
    method: 'POST',
    path: '/v1/members/:member/role',
    access: 'admin',
    params: memberParams,
    body: strict({ role: MemberRoleSchema }),
    answer: MemberViewSchema,
    errors: ['not-found', 'key.scope', 'member.not-owner', 'member.last-owner'],
  },
  'member.remove': {
    summary: 'Takes a member out of the account and revokes all their keys; members may remove themselves',
    method: 'POST',
    path: '/v1/members/:member/remove',
    access: 'admin',
    params: memberParams,
    body: nothing,
    answer: MemberViewSchema,
    errors: ['not-found', 'member.not-owner', 'member.last-owner'],
  },
  'invitation.create': {
    summary: 'Invites one person: the client makes the secret and sends its hash',
    method: 'POST',
    path: '/v1/invitations',
    access: 'admin',
    body: NewInvitationSchema,
    answer: InvitationViewSchema,
    errors: ['key.scope', 'member.not-owner', 'invitation.full'],
  },
  'invitation.list': {
    summary: 'The invitations of the account, until some time after their expiry',
    method: 'GET',
    path: '/v1/invitations',
    access: 'read',
    query: page,
    answer: listOf(InvitationViewSchema),
  },
  'invitation.revoke': {
    summary: 'Takes an invitation back that nobody has used',
    method: 'POST',
    path: '/v1/invitations/:invitation/revoke',
    access: 'admin',
    params: strict({ invitation: idSchema('inv') }),
    body: nothing,
    answer: InvitationViewSchema,
    errors: ['not-found', 'member.not-owner'],
  },
  'invitation.accept': {
    summary: 'Joins the account of an invitation, by its secret, with a key of its own; asked again with that key it answers the same',
    method: 'POST',
    path: '/v1/invitations/accept',
    access: 'open',
    body: AcceptanceSchema,
    answer: WhoSchema,
    errors: ['invitation.unknown', 'invitation.over', 'member.full', 'key.scope'],
  },
} as const satisfies Record<string, Route>;

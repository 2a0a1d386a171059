// identity over HTTP: accounts, keys, the activity log.
import { AccountViewSchema, ActivityViewSchema, KeyViewSchema, NewAccountSchema, NewKeySchema } from '../identity.ts';
import { idSchema } from '../ids.ts';
import { RecipientSchema, strict } from '../schema.ts';
import { type Route, listOf, nothing, page } from './route.ts';

export const identityRoutes = {
  'account.create': {
    summary: 'Makes an account with its first key',
    method: 'POST',
    path: '/v1/accounts',
    access: 'operate',
    body: NewAccountSchema,
    answer: strict({ account: AccountViewSchema, key: KeyViewSchema }),
  },
  'account.show': {
    summary: 'The account of this key',
    method: 'GET',
    path: '/v1/account',
    access: 'read',
    answer: AccountViewSchema,
    errors: ['not-found'],
  },
  'account.recipient': {
    summary: 'Sets the age recipient that logs of the account are sealed to',
    method: 'PUT',
    path: '/v1/account/recipient',
    access: 'rent',
    body: strict({ recipient: RecipientSchema }),
    answer: AccountViewSchema,
    errors: ['not-found'],
  },
  'key.create': {
    summary: 'Makes a key: the client makes the secret and sends its hash',
    method: 'POST',
    path: '/v1/keys',
    access: 'admin',
    body: NewKeySchema,
    answer: KeyViewSchema,
    errors: ['key.scope'],
  },
  'key.list': {
    summary: 'The keys of the account, in the order in which they were made',
    method: 'GET',
    path: '/v1/keys',
    access: 'read',
    query: page,
    answer: listOf(KeyViewSchema),
  },
  'key.revoke': {
    summary: 'Revokes a key; its open streams and tunnels end',
    method: 'POST',
    path: '/v1/keys/:key/revoke',
    access: 'admin',
    params: strict({ key: idSchema('key') }),
    body: nothing,
    answer: KeyViewSchema,
    errors: ['not-found', 'member.not-owner'],
  },
  'activity.list': {
    summary: 'What was done in this account, newest first',
    method: 'GET',
    path: '/v1/activity',
    access: 'read',
    query: page,
    answer: listOf(ActivityViewSchema),
  },
} as const satisfies Record<string, Route>;

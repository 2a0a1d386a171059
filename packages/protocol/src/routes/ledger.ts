// ledger over HTTP: balance, entries, and the faucet of a test network.
import { Type } from 'typebox';
import { BalanceSchema, EntryViewSchema, MonthSchema, StatementViewSchema, entryKinds } from '../ledger.ts';
import { AmountAskedSchema } from '../money.ts';
import { TextSchema, oneOf, strict } from '../schema.ts';
import { InstantSchema } from '../time.ts';
import { type Route, listOf, pageWith } from './route.ts';

export const ledgerRoutes = {
  'balance.show': {
    summary: 'What the account has, holds and has earned',
    method: 'GET',
    path: '/v1/balance',
    access: 'read',
    answer: BalanceSchema,
  },
  'entry.list': {
    summary: 'The movements of money of the account, or those that it earned by, newest first; a page may be short, and still have a next',
    method: 'GET',
    path: '/v1/entries',
    access: 'read',
    query: pageWith({
      /** Those of the account's own clusters (the default), or those of others' clusters that its devices earned by. */
      side: Type.Optional(oneOf(['own', 'earned'])),
      kind: Type.Optional(oneOf(entryKinds)),
      /** What they are about: the id of a cluster. */
      subject: Type.Optional(TextSchema),
      /** From this moment on, and before that one. */
      from: Type.Optional(InstantSchema),
      to: Type.Optional(InstantSchema),
    }),
    answer: listOf(EntryViewSchema),
  },
  'statement.show': {
    summary: 'A month of the account: what it had, what moved it by kind, what it had then; all in UTC',
    method: 'GET',
    path: '/v1/statements/:month',
    access: 'read',
    params: strict({ month: MonthSchema }),
    answer: StatementViewSchema,
    errors: ['request.refused'],
  },
  'faucet.draw': {
    summary: 'Draws test money, where the network gives some',
    method: 'POST',
    path: '/v1/faucet',
    access: 'rent',
    body: strict({ amountMicro: AmountAskedSchema }),
    answer: BalanceSchema,
    errors: ['faucet.closed', 'faucet.limit'],
  },
} as const satisfies Record<string, Route>;

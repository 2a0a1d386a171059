// ledger over HTTP: balance, entries, and the faucet of a test network.
import { BalanceSchema, EntryViewSchema } from '../ledger.ts';
import { AmountAskedSchema } from '../money.ts';
import { strict } from '../schema.ts';
import { type Route, listOf, page } from './route.ts';

export const ledgerRoutes = {
  'balance.show': {
    summary: 'What the account has, holds and has earned',
    method: 'GET',
    path: '/v1/balance',
    access: 'read',
    answer: BalanceSchema,
  },
  'entry.list': {
    summary: 'The movements of money of the account, newest first',
    method: 'GET',
    path: '/v1/entries',
    access: 'read',
    query: page,
    answer: listOf(EntryViewSchema),
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

// market over HTTP: offers and quotes.
import { DemandSchema, OfferViewSchema, QuoteAnswerSchema } from '../market.ts';
import { type Route, listOf, page } from './route.ts';

export const marketRoutes = {
  'offer.list': {
    summary: 'What can be rented now',
    method: 'GET',
    path: '/v1/offers',
    access: 'read',
    query: page,
    answer: listOf(OfferViewSchema),
  },
  'quote.create': {
    summary: 'Priced, expiring, signed terms for a demand; reserves and stores nothing',
    method: 'POST',
    path: '/v1/quotes',
    changesNothing: true,
    access: 'rent',
    body: DemandSchema,
    answer: QuoteAnswerSchema,
    errors: ['quote.empty'],
  },
} as const satisfies Record<string, Route>;

// market over HTTP: offers and quotes.
import { Type } from 'typebox';
import { PricesSchema } from '../fleet.ts';
import { DemandSchema, MarketLineSchema, OfferViewSchema, PriceBookSchema, PriceSampleSchema, QuoteAnswerSchema } from '../market.ts';
import { NameSchema, strict } from '../schema.ts';
import { InstantSchema } from '../time.ts';
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
  'market.list': {
    summary: 'What can be rented by class and region, with counts and prices; as of the last look at all devices',
    method: 'GET',
    path: '/v1/market',
    access: 'read',
    query: strict({ ...page.properties, class: Type.Optional(NameSchema), region: Type.Optional(NameSchema) }),
    answer: listOf(MarketLineSchema),
  },
  'price.list': {
    summary: 'The prices of a class hour by hour, oldest first: core, memory (a GB), or a model of GPU',
    method: 'GET',
    path: '/v1/prices',
    access: 'read',
    query: strict({
      ...page.properties,
      class: NameSchema,
      from: Type.Optional(InstantSchema),
      to: Type.Optional(InstantSchema),
    }),
    answer: listOf(PriceSampleSchema),
  },
  'price.book': {
    summary: "The supplier's price book",
    method: 'GET',
    path: '/v1/price-book',
    access: 'read',
    answer: PriceBookSchema,
  },
  'price.set': {
    summary: 'Sets the price book: devices that follow it are repriced, some at a time',
    method: 'POST',
    path: '/v1/price-book',
    access: 'supply',
    body: PricesSchema,
    answer: PriceBookSchema,
    errors: ['request.refused'],
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

// The face of market decisions: what slices cost, offers, quotes.
export * from './demand.ts';
export * from './rate.ts';
export * from './offer.ts';
export * from './price-book.ts';
export * from './quote.ts';
export * from './survey.ts';

// The face of placement: which slices of which devices answer a demand.
export * from './place.ts';
export type { Candidate } from './filters.ts';
export { type MarketIndex, marketIndex } from './market-index/market-index.ts';
export { type Found, type MarketSteps, marketSteps } from './market-index/steps.ts';
export { relaxGroup } from './market-index/relax.ts';

// The face of placement: which slices of which devices answer a demand.
export * from './place.ts';
export type { Candidate } from './filters.ts';

// The face of @iog/core: pure decisions and the rows they are about.
export * from './rows.ts';
export * from './decision.ts';
export * from './law.ts';
export * from './cluster/index.ts';
export * from './fleet/index.ts';
export * from './market/index.ts';
export * from './placement/index.ts';
export * from './ledger/index.ts';
export * from './timelock/index.ts';
export * from './identity/index.ts';
export * from './replica/index.ts';

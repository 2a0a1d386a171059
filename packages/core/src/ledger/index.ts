export * from './entry.ts';
export * from './cluster-money.ts';
export * from './receipt.ts';
export * from './views.ts';

export * from './entry.ts';
export * from './cluster-money.ts';
export * from './receipt.ts';
export * from './statement.ts';
export * from './views.ts';

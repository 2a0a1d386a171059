export * from './shards.ts';
export * from './presence.ts';

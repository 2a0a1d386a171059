// Every word that crosses a wire, apart from the routes. What is exported here as `…Schema` is a component of docs/openapi.json, under its name.
export * from './ids.ts';
export * from './money.ts';
export * from './time.ts';
export * from './errors.ts';
export * from './problem.ts';
export * from './schema.ts';
export * from './identity.ts';
export * from './team.ts';
export * from './fleet.ts';
export * from './join-token.ts';
export * from './market.ts';
export * from './cluster.ts';
export * from './ledger.ts';
export * from './evidence.ts';
export * from './policy.ts';
export * from './link.ts';
export * from './link-versions.ts';

// The face of @iog/sim: many seeds in processes of their own, and what they came to. See main.ts for the command.
export { type SwarmWork, swarm } from './swarm.ts';
export type { SeedReport } from './child.ts';

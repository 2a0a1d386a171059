// The route table: every HTTP route once. Control serves it, the client is typed by it, and docs/openapi.json is made of it.
import type { Static, TSchema } from 'typebox';
import { clusterRoutes } from './routes/cluster.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { identityRoutes } from './routes/identity.ts';
import { jobRoutes } from './routes/job.ts';
import { ledgerRoutes } from './routes/ledger.ts';
import { marketRoutes } from './routes/market.ts';
import { networkRoutes } from './routes/network.ts';
import { teamRoutes } from './routes/team.ts';

export type { Access, Deprecation, Route } from './routes/route.ts';

export const routes = {
  ...networkRoutes,
  ...identityRoutes,
  ...teamRoutes,
  ...fleetRoutes,
  ...marketRoutes,
  ...clusterRoutes,
  ...jobRoutes,
  ...ledgerRoutes,
} as const;

export type RouteName = keyof typeof routes;
type Part<N extends RouteName, K extends 'params' | 'query' | 'body'> = (typeof routes)[N] extends {
  readonly [P in K]: infer S extends TSchema;
}
  ? Static<S>
  : undefined;
export type ParamsOf<N extends RouteName> = Part<N, 'params'>;
export type QueryOf<N extends RouteName> = Part<N, 'query'>;
export type BodyOf<N extends RouteName> = Part<N, 'body'>;
export type AnswerOf<N extends RouteName> = Static<(typeof routes)[N]['answer']>;

/** WebSockets beside the table: the device's session, the device's tunnel, the client's tunnel. */
export const sockets = { link: '/v1/link', deviceTunnel: '/v1/device/tunnel', clientTunnel: '/v1/tunnel' } as const;

// The headers by which a route that is on its way out says so.
import { type Route, type RouteName, routes } from '@iog/protocol';

/** Deprecation (RFC 9745), Sunset (RFC 8594) and what to use instead; none for a route that stays. */
export function deprecationHeaders({ deprecated }: Route): Record<string, string> {
  if (!deprecated) return {};
  const { since, sunset, instead } = deprecated;
  const successor = (Object.entries(routes) as [RouteName, Route][]).find(([name]) => name === instead)?.[1];
  return {
    deprecation: `@${Math.floor(since / 1_000)}`,
    sunset: new Date(sunset).toUTCString(),
    ...(successor ? { link: `<${successor.path}>; rel="successor-version"` } : {}),
  };
}

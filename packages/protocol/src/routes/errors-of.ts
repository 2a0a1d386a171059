// Which errors a route can answer with: its own, and those that follow from who may call it, its method and its form.
import type { ErrorCode } from '../errors.ts';
import type { Route } from './route.ts';

const always: readonly ErrorCode[] = [
  'request.malformed',
  'request.rate-limited',
  'control.busy',
  'control.stopping',
  'control.unavailable',
  'control.bug',
];
const ofKeys: readonly ErrorCode[] = ['key.missing', 'key.unknown', 'key.expired', 'key.revoked', 'key.scope'];
const ofDevices: readonly ErrorCode[] = ['device.signature', 'device.unknown', 'device.removed'];

/** Whether a request must carry an Idempotency-Key. An open POST is its own key: what it brings is signed, and saying it again changes nothing. */
export function needsIdempotencyKey({ method, access, changesNothing }: Route): boolean {
  return method === 'POST' && access !== 'open' && changesNothing !== true;
}

/** Every code that this route can answer with, each once. Control's tests hold that it answers with no other. */
export function errorsOf(route: Route): readonly ErrorCode[] {
  const { access, method, form, errors = [] } = route;
  const found: readonly ErrorCode[] = [
    ...always,
    ...(access === 'open' ? [] : access === 'device' ? ofDevices : ofKeys),
    ...(method === 'GET' ? [] : (['request.too-large', 'request.refused'] as const)),
    ...(needsIdempotencyKey(route) ? (['idempotency.missing', 'idempotency.mismatch'] as const) : []),
    ...(form === 'bytes-in' ? (['blob.uploads'] as const) : []),
    ...(form === 'events' ? (['connection.full'] as const) : []),
    ...(isList(route) ? (['cursor.foreign'] as const) : []),
    ...errors,
  ];
  return [...new Set(found)];
}

/** Whether it answers with pages: what goes on `after` a cursor, within a `limit`. */
export function isList({ query }: Route): boolean {
  const { properties = {} } = (query ?? {}) as { readonly properties?: object };
  return 'after' in properties && 'limit' in properties;
}

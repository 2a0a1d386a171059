// What a route says of itself, and the pieces that several routes are made of.
import { Type, type TProperties, type TSchema } from 'typebox';
import type { ErrorCode } from '../errors.ts';
import type { Scope } from '../identity.ts';
import { idSchema } from '../ids.ts';
import { CursorSchema, strict } from '../schema.ts';

/** Who may call: `open` anyone, `device` a device by its signature, else a key with that scope. */
export type Access = 'open' | 'device' | Scope;

/** A route on its way out: its answers carry the headers Deprecation, Sunset and Link. docs/api.md says how long it stays. */
export interface Deprecation {
  /** Since when, and the first moment at which it may be gone: ms since 1970, UTC. */
  readonly since: number;
  readonly sunset: number;
  /** The name of the route to use. */
  readonly instead?: string;
}

export interface Route {
  /** What it does, in half a sentence. */
  readonly summary: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly access: Access;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly answer: TSchema;
  /** `json` unless bytes go in or out, or events stream out (server-sent events of `answer`). */
  readonly form?: 'bytes-in' | 'bytes-out' | 'events';
  /** The errors of its own; those that follow from its access, method and form are added by `errorsOf`. */
  readonly errors?: readonly ErrorCode[];
  readonly deprecated?: Deprecation;
  /** A POST that changes and stores nothing: it takes no Idempotency-Key. */
  readonly changesNothing?: true;
}

export const page = strict({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(CursorSchema),
});
/** A page of those alone that these fields name; a page may then hold fewer than `limit`, and not be the last. */
export const pageWith = <P extends TProperties>(filters: P) => strict({ ...page.properties, ...filters });
export const listOf = <T extends TSchema>(item: T) => strict({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });
export const clusterParams = strict({ cluster: idSchema('clu') });
export const deviceParams = strict({ device: idSchema('dev') });
export const jobParams = strict({ job: idSchema('job') });
export const segmentParams = strict({ job: idSchema('job'), segment: Type.Integer({ minimum: 0, maximum: 99_999 }) });
export const nothing = strict({});

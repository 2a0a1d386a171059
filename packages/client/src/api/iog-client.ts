// The typed client: one `call` for every route of the table, bytes, and the event stream. The table decides method, path and form.
import { randomUUID } from 'node:crypto';
import {
  routes,
  sockets,
  type AnswerOf,
  type BodyOf,
  type ClusterEvent,
  type ClusterId,
  type JobId,
  type ParamsOf,
  type QueryOf,
  type Route,
  type RouteName,
} from '@iog/protocol';
import { ApiError, problemFrom } from './api-error.ts';
import { eventStream } from './event-stream.ts';
import { wire } from './exchange.ts';
import { retryAfterMs } from './retry.ts';
import { authorities } from './trust.ts';

type Needed<K extends 'params' | 'body', T> = [T] extends [undefined] ? { readonly [P in K]?: never } : { readonly [P in K]: T };
type Asked<T> = [T] extends [undefined] ? { readonly query?: never } : { readonly query?: T };
/** What a route takes: params and body where it has them, query if wanted. A POST gets a fresh Idempotency-Key unless one is given. */
export type InputOf<N extends RouteName> = Needed<'params', ParamsOf<N>> &
  Needed<'body', BodyOf<N>> &
  Asked<QueryOf<N>> & { readonly idempotencyKey?: string; readonly signal?: AbortSignal };

export interface IogClient {
  readonly url: string;
  /** Throws ApiError for what the network refuses, UnreachableError when nobody answers. */
  call<N extends RouteName>(name: N, input: InputOf<N>): Promise<AnswerOf<N>>;
  /** Every item of a list route, page after page. */
  items<N extends ListName>(name: N, input: Omit<InputOf<N>, 'query'>): Promise<AnswerOf<N>['items']>;
  /** The pages of a list route, each asked for when it is wanted. */
  pages<N extends ListName>(name: N, input: InputOf<N>): AsyncIterable<AnswerOf<N>['items']>;
  /** Events after `after`, then those to come, over reconnections; ends only when `signal` fires. */
  events(cluster: ClusterId, after: number, signal: AbortSignal): AsyncIterable<ClusterEvent>;
  /** Uploads bytes under their SHA-256. */
  putBlob(blob: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** One sealed segment of a job's log. */
  logSegment(job: JobId, segment: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** The headers that authenticate this client, for sockets beside the table. */
  authorization(): Readonly<Record<string, string>>;
  /** The authorities that its network's certificate may come from, for sockets beside the table; undefined without TLS. */
  authorities(): string[] | undefined;
  close(): void;
}
type ListName = { [N in RouteName]: AnswerOf<N> extends { items: unknown[]; next: string | null } ? N : never }[RouteName];

export interface ClientOptions {
  readonly url: string;
  /** The API secret; without one only open routes answer. */
  readonly key?: string;
  /** How long a call is repeated while control is away, as over its restart. */
  readonly patienceMs?: number;
  /** Certificates (PEM) of an authority that this network's may come from besides those of this system. */
  readonly ca?: string;
}

const defaultPatienceMs = 20_000;
const pageLimit = 500;

/** A client of one network. Opens no connection before the first call. */
export function iogClient({ url, key, patienceMs = defaultPatienceMs, ca }: ClientOptions): IogClient {
  const trusted = url.startsWith('https:') ? authorities(ca) : undefined;
  const link = wire(url, patienceMs, trusted);
  const authorization = (): Record<string, string> => (key === undefined ? {} : { authorization: `Bearer ${key}` });

  async function request(name: RouteName, input: LooseInput, body?: Uint8Array, contentType = 'application/json'): Promise<Uint8Array> {
    const route: Route = routes[name];
    const headers: Record<string, string> = { ...authorization(), accept: 'application/json, application/octet-stream' };
    if (body !== undefined) headers['content-type'] = contentType;
    if (route.method !== 'GET') headers['idempotency-key'] = input.idempotencyKey ?? randomUUID();
    const answer = await link.exchange({
      method: route.method,
      path: pathOf(route.path, input.params, input.query),
      headers,
      ...(body === undefined ? {} : { body }),
      ...(input.signal === undefined ? {} : { signal: input.signal }),
    });
    if (answer.status >= 300) throw new ApiError(problemFrom(answer.status, answer.body), retryAfterMs(answer.headers['retry-after']));
    return answer.body;
  }

  const client: IogClient = {
    url,
    authorization,
    authorities: () => trusted,
    close: () => link.close(),
    async call(name, input) {
      const { body } = input as LooseInput;
      const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      return JSON.parse(Buffer.from(await request(name, input as LooseInput, sent)).toString('utf8'));
    },
    async items(name, input) {
      const all: unknown[] = [];
      for await (const page of client.pages(name, input as InputOf<typeof name>)) all.push(...(page as unknown[]));
      return all;
    },
    async *pages(name, input) {
      const { query: filters, ...rest } = input as LooseInput;
      for (let after: string | null | undefined; after !== null;) {
        const query = { limit: pageLimit, ...filters, ...(after === undefined ? {} : { after }) };
        const page: { items: []; next: string | null } = JSON.parse(Buffer.from(await request(name, { ...rest, query })).toString('utf8'));
        yield page.items;
        after = page.next;
      }
    },
    events: (cluster, after, signal) =>
      eventStream(
        link,
        { path: (from) => pathOf(routes['cluster.events'].path, { cluster }, { after: from, follow: true }), headers: authorization },
        after,
        signal,
      ),
    async putBlob(blob, bytes, signal) {
      await request('blob.put', { params: { blob }, ...(signal === undefined ? {} : { signal }) }, bytes, 'application/octet-stream');
    },
    logSegment: (job, segment, signal) => request('job.log', { params: { job, segment }, ...(signal === undefined ? {} : { signal }) }),
  };
  return client;
}

interface LooseInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

/** The address of the client's tunnel of a network: what `openTunnel` dials. */
export function tunnelUrl(url: string): string {
  return `${url.replace(/^http/, 'ws').replace(/\/$/, '')}${sockets.clientTunnel}`;
}

/** Fills `:name` parts, encoded, and appends the query. */
export function pathOf(
  template: string,
  params: Readonly<Record<string, unknown>> = {},
  query: Readonly<Record<string, unknown>> = {},
): string {
  const path = template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()}`;
}

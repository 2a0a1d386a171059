// One request below HTTP: who calls, what comes in, the handler, and the reply, problem or not. The server puts it on a socket; a simulation calls it.
import type { IncomingHttpHeaders } from 'node:http';
import {
  type ErrorCode,
  type Problem,
  type Rejection,
  type Route,
  type RouteName,
  idempotencyKeyPattern,
  isList,
  needsIdempotencyKey,
  problemOf,
  routes,
} from '@iog/protocol';
import { sha256hex } from '@iog/seal';
import type { ControlPorts } from '../ports.ts';
import { type Call, type Handler, type Outcome, type Stored, answer as answerOf, refuse } from '../command.ts';
import { StoreFault } from '../store/store.ts';
import type { ComingBytes } from '../blobs/blob-store.ts';
import { CallerGone, type Uploader } from './uploads.ts';
import { type RouteChecks, compileRoutes } from './validate.ts';
import { type Caller, type Door, door, scopeOf } from './access.ts';
import { type Cursors, type ListAsked, cursors } from './cursors.ts';
import { type Allowance, type RateLimits, isLoopback, networkOf, rateLimits } from './rate-limit.ts';
import { problemRetryAfterS } from '../limits.ts';

export type Handlers = { readonly [N in RouteName]: Handler<N> };

export interface Ask {
  readonly route: RouteName;
  /** As the URL has them: texts. */
  readonly params: unknown;
  readonly query: unknown;
  /** JSON as text; bytes for a route that takes bytes. */
  readonly body: string | Uint8Array | ComingBytes | undefined;
  readonly headers: IncomingHttpHeaders;
  /** What a device signed. */
  readonly url: string;
  readonly address: string;
  readonly request: string;
}

export interface Replied {
  readonly status: number;
  readonly type: 'application/json' | 'application/problem+json' | 'application/octet-stream';
  /** JSON as text, or what the handler of a route of bytes gave. */
  readonly body: unknown;
  readonly retryAfterS?: number;
  /** Where the caller stands with the limits that were counted. */
  readonly allowances?: readonly Allowance[];
  /** Of a problem. */
  readonly code?: ErrorCode;
}
/** Events are written as they happen: by whoever holds the connection. */
export type Reply = Replied | { readonly events: Call<'cluster.events'>; readonly allowances: readonly Allowance[] };

export interface Desk {
  /** The same for what is no request of the table: why it must come later, if it must. */
  lateness(this: void, address: string): { readonly rejection: Rejection; readonly seconds: number } | undefined;
  /** Counts a request by its address alone, before anything else is looked at. */
  arrival(ask: Pick<Ask, 'address' | 'request'>): { readonly allowance: Allowance; readonly late: Replied | undefined };
  answer(ask: Ask): Promise<Reply>;
  /** What refuses a caller before its body is read, or whose uploads it counts among. */
  entry(route: Route, ask: Pick<Ask, 'headers' | 'address' | 'request'>): Promise<Replied | { readonly uploader: Uploader }>;
  readonly access: Door;
}

export function desk(ports: ControlPorts, handlers: Handlers): Desk {
  const access = door(ports);
  const limits = rateLimits(ports.policy, () => ports.clock.now());
  const checks = compileRoutes();
  const sealed = cursors(ports);
  return {
    access,
    lateness: (address) => passedOf([limits.address(address)]),
    arrival({ address, request }) {
      const allowance = limits.address(address);
      return { allowance, late: lateness([allowance], request) };
    },
    async entry(route, { headers, address, request }) {
      const scope = scopeOf(route.access);
      const isFromDevice = route.form === 'bytes-in' && route.access === 'device';
      const who = scope ? await access.key(headers, scope) : isFromDevice ? await access.claimed(headers) : undefined;
      if (who?.ok !== false) {
        const account = who?.key?.account;
        if (account !== undefined) return { uploader: { name: account, network: undefined } };
        // Anyone can say the names of devices: from elsewhere that takes no place of theirs, and from one network only some of all.
        const network = isLoopback(address) ? undefined : networkOf(address);
        return { uploader: { name: `${address} ${who?.device?.id ?? ''}`, network } };
      }
      const allowances = [limits.stranger(address)];
      return lateness(allowances, request) ?? { ...problem(who.rejection, request), allowances };
    },
    async answer(ask) {
      const route: Route = routes[ask.route];
      const check = checks.get(ask.route);
      if (!check) throw new Error(`the route ${ask.route} has no checks`);
      try {
        return await answered({ ports, route, check, access, limits, handlers, sealed }, ask);
      } catch (error) {
        return problem(faultOf(ports, error, ask.request), ask.request);
      }
    },
  };
}

interface Serving {
  readonly ports: ControlPorts;
  readonly route: Route;
  readonly check: RouteChecks;
  readonly access: Door;
  readonly limits: RateLimits;
  readonly handlers: Handlers;
  readonly sealed: Cursors;
}

const keyForm = new RegExp(idempotencyKeyPattern);

async function answered(serving: Serving, ask: Ask): Promise<Reply> {
  const { limits } = serving;
  const who = await callerOf(serving, ask);
  const caller = who.ok ? (who.key?.account ?? who.device?.id) : undefined;
  const allowances = caller === undefined ? [limits.stranger(ask.address)] : limits.caller(caller, ask.route);
  const late = lateness(allowances, ask.request);
  if (late) return late;
  const reply = who.ok ? await handled(serving, ask, who) : problem(who.rejection, ask.request);
  return { ...reply, allowances };
}

type Known = Extract<Caller, { ok: true }>;

async function handled(serving: Serving, ask: Ask, who: Known): Promise<Replied | { readonly events: Call<'cluster.events'> }> {
  const { route, handlers } = serving;
  const read = readInput(serving, ask);
  if (!read.ok) return problem(read.rejection, ask.request);
  const idempotencyKey = ask.headers['idempotency-key'];
  if (needsIdempotencyKey(route) && !(typeof idempotencyKey === 'string' && keyForm.test(idempotencyKey)))
    return problem({ code: 'idempotency.missing', context: {} }, ask.request);
  const call = {
    route: ask.route,
    ...read.input,
    key: who.key,
    device: who.device,
    address: ask.address,
    request: ask.request,
    idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
  };
  if (route.form === 'events') return { events: call as unknown as Call<'cluster.events'> };
  const handle = handlers[ask.route] as (input: unknown) => Promise<Outcome<unknown> | Stored>;
  const outcome = isList(route) ? await pageAsked(serving, { ...call, account: who.key?.account ?? '' }, handle) : await handle(call);
  return replyOf(outcome, route, ask.request);
}

/** A list takes and gives cursors as its store has them: what callers see of them is sealed here. */
async function pageAsked(
  { sealed }: Serving,
  call: ListAsked,
  handle: (input: unknown) => Promise<Outcome<unknown> | Stored>,
): Promise<Outcome<unknown> | Stored> {
  const query = call.query as { readonly after?: string };
  const after = query.after === undefined ? undefined : sealed.open(call, query.after);
  if (query.after !== undefined && after === undefined) return refuse({ code: 'cursor.foreign', context: {} });
  const outcome = await handle(after === undefined ? call : { ...call, query: { ...query, after } });
  if ('body' in outcome || !outcome.ok) return outcome;
  const page = outcome.answer as { readonly next: string | null };
  return page.next === null ? outcome : answerOf({ ...page, next: sealed.seal(call, page.next) });
}

async function callerOf({ route, access }: Serving, { headers, body, url }: Ask) {
  const scope = scopeOf(route.access);
  if (scope) return access.key(headers, scope);
  if (route.access === 'open') return { ok: true as const, key: undefined, device: undefined };
  return access.device(headers, route.method, url, sha256hex(isComing(body) ? '' : (body ?? '')));
}

function readInput({ route, check }: Pick<Serving, 'route' | 'check'>, ask: Ask) {
  const params = check.params(ask.params);
  if (!params.ok) return malformed(params.detail);
  const query = check.query(ask.query);
  if (!query.ok) return malformed(query.detail);
  if (route.form === 'bytes-in') {
    if (!(ask.body instanceof Uint8Array) && !isComing(ask.body)) return malformed('the body must be application/octet-stream');
    return { ok: true as const, input: { params: params.value, query: query.value, body: undefined, bytes: ask.body } };
  }
  let json: unknown;
  try {
    json = typeof ask.body === 'string' && ask.body !== '' ? JSON.parse(ask.body) : undefined;
  } catch {
    return malformed('the body is not JSON');
  }
  const body = check.body(json);
  if (!body.ok) return malformed(body.detail);
  return { ok: true as const, input: { params: params.value, query: query.value, body: body.value, bytes: undefined } };
}

function isComing(body: Ask['body']): body is ComingBytes {
  return typeof body === 'object' && 'source' in body;
}

function malformed(detail: string): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: { code: 'request.malformed', context: { detail } } };
}

/** The reply where the last of these limits is passed. */
function lateness(allowances: readonly Allowance[], request: string): Replied | undefined {
  const passed = passedOf(allowances);
  return passed && { ...problem(passed.rejection, request), retryAfterS: passed.seconds, allowances };
}

function passedOf(allowances: readonly Allowance[]): { readonly rejection: Rejection; readonly seconds: number } | undefined {
  const passed = allowances.find(({ waitS }) => waitS > 0);
  if (!passed) return undefined;
  const { name: limit, quota, waitS: seconds } = passed;
  return { rejection: { code: 'request.rate-limited', context: { limit, quota, seconds } }, seconds };
}

function replyOf(outcome: Outcome<unknown> | Stored, route: Route, request: string): Replied {
  if ('body' in outcome) return { status: outcome.status, type: 'application/json', body: outcome.body };
  if (!outcome.ok) return problem(outcome.rejection, request);
  if (route.form === 'bytes-out') return { status: 200, type: 'application/octet-stream', body: outcome.answer };
  return { status: 200, type: 'application/json', body: JSON.stringify(outcome.answer) };
}

/** The reply that a rejection is. */
export function problem(rejection: Rejection, request: string): Replied {
  const said: Problem = problemOf(rejection, request);
  const retryAfterS = problemRetryAfterS[said.status];
  return {
    status: said.status,
    type: 'application/problem+json',
    body: JSON.stringify(said),
    code: rejection.code,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

/** What the environment failed at is unavailable for now; all the rest is a bug of ours, told without its inside. */
export function faultOf(ports: Pick<ControlPorts, 'log'>, error: unknown, request: string): Rejection {
  const code = (error as { code?: string }).code ?? '';
  if (error instanceof StoreFault || code.startsWith('store.')) {
    ports.log({ level: 'error', event: 'store.fault', code, request, detail: (error as Error).message });
    return { code: 'control.unavailable', context: { detail: (error as Error).message } };
  }
  if (error instanceof CallerGone) {
    ports.log({ level: 'info', event: 'request.cut', request });
    return { code: 'request.malformed', context: { detail: error.message } };
  }
  ports.log({ level: 'error', event: 'bug', request, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  return { code: 'control.bug', context: { request } };
}

// The HTTP edge: finds who calls, checks what comes in, limits it, hands it to the handler, and turns rejections into problem documents.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Rejection, type Route, type RouteName, problemOf, routes } from '@iog/protocol';
import { sha256hex } from '@iog/seal';
import type { ControlPorts } from '../ports.ts';
import type { Call, Handler, Outcome, Stored } from '../command.ts';
import { StoreFault } from '../store/store.ts';
import { type RouteChecks, compileRoutes } from './validate.ts';
import { type Door, scopeOf } from './access.ts';
import { type RateLimit, rateLimit } from './rate-limit.ts';
import { sendEvents } from './events.ts';

export type Handlers = { readonly [N in RouteName]: Handler<N> };

/** The server of every route of the table; it does not listen yet. */
export function httpServer(ports: ControlPorts, handlers: Handlers, access: Door): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: ports.policy.limits.requestBytes,
    requestTimeout: 120_000,
    forceCloseConnections: true,
    // An address that cannot be decoded reaches no route and no error handler.
    frameworkErrors: (_error, request, reply) => {
      void sendProblem(reply, request, unknownRoute(request));
    },
    genReqId: () => `req_${Buffer.from(ports.random(12)).toString('hex')}`,
  });
  const limits = rateLimit(ports.policy.limits.requestsPerMinute, () => ports.clock.now());
  const checks = compileRoutes();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  app.setNotFoundHandler((request, reply) => sendProblem(reply, request, unknownRoute(request)));
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, faultOf(ports, error, request)));
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    const check = checks.get(name);
    if (!check) continue;
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: bodyLimitOf(name, route, ports.policy.limits),
      // A key is checked before its body is read: nobody unknown fills our memory.
      onRequest: async (request, reply) => {
        const scope = scopeOf(route.access);
        const who = scope ? await access.key(request.headers, scope) : undefined;
        if (who?.ok === false) return refuseUnknown({ limits, request, reply, rejection: who.rejection });
        return undefined;
      },
      handler: (request, reply) => serve({ ports, name, route, check, access, limits, handlers }, request, reply),
    });
  }
  return app;
}

function bodyLimitOf(name: RouteName, route: Route, limits: ControlPorts['policy']['limits']): number {
  if (name === 'device.log') return limits.logSegmentBytes;
  return route.form === 'bytes-in' ? limits.blobBytes : limits.requestBytes;
}

/** Whoever is not known is counted by address, so that keys cannot be guessed at speed. */
function refuseUnknown({
  limits,
  request,
  reply,
  rejection,
}: {
  limits: RateLimit;
  request: FastifyRequest;
  reply: FastifyReply;
  rejection: Rejection;
}): FastifyReply {
  const waitS = limits.take(request.ip);
  reply.header('x-request-id', request.id);
  if (waitS === 0) return sendProblem(reply, request, rejection);
  return sendProblem(reply.header('retry-after', waitS), request, { code: 'request.rate-limited', context: { seconds: waitS } });
}

interface Serving {
  readonly ports: ControlPorts;
  readonly name: RouteName;
  readonly route: Route;
  readonly check: RouteChecks;
  readonly access: Door;
  readonly limits: RateLimit;
  readonly handlers: Handlers;
}

async function serve(serving: Serving, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { ports, name, route } = serving;
  reply.header('x-request-id', request.id);
  const who = await callerOf(serving, request);
  // Whoever is not known is counted by address, so that keys cannot be guessed at speed.
  const waitS = serving.limits.take((who.ok ? (who.key?.id ?? who.device?.id) : undefined) ?? request.ip);
  if (waitS > 0)
    return sendProblem(reply.header('retry-after', waitS), request, { code: 'request.rate-limited', context: { seconds: waitS } });
  if (!who.ok) return sendProblem(reply, request, who.rejection);

  const read = readInput(serving, request);
  if (!read.ok) return sendProblem(reply, request, read.rejection);
  const idempotencyKey = request.headers['idempotency-key'];
  if (
    route.method === 'POST' &&
    route.access !== 'open' &&
    (typeof idempotencyKey !== 'string' || !/^[\x21-\x7e]{8,128}$/.test(idempotencyKey))
  ) {
    return sendProblem(reply, request, { code: 'idempotency.missing', context: {} });
  }
  const call = {
    route: name,
    ...read.input,
    key: who.key,
    device: who.device,
    request: request.id,
    idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
  };
  if (route.form === 'events')
    return sendEvents(
      ports,
      call as unknown as Call<'cluster.events'>,
      { reply, lastEventId: headerOf(request, 'last-event-id'), watch: serving.access.watch },
      (rejection) => sendProblem(reply, request, rejection),
    );
  const handle = serving.handlers[name] as (input: unknown) => Promise<Outcome<unknown> | Stored>;
  return sendOutcome(await handle(call), route, request, reply);
}

async function callerOf({ route, access }: Serving, request: FastifyRequest) {
  const scope = scopeOf(route.access);
  if (scope) return access.key(request.headers, scope);
  if (route.access === 'open') return { ok: true as const, key: undefined, device: undefined };
  const body = Buffer.isBuffer(request.body) ? request.body : typeof request.body === 'string' ? request.body : '';
  return access.device(request.headers, request.method, request.url, sha256hex(body));
}

function unknownRoute({ method, url }: { readonly method: string; readonly url: string }): Rejection {
  return { code: 'route.unknown', context: { method, path: url.slice(0, 200) } };
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function malformed(detail: string): { readonly ok: false; readonly rejection: Rejection } {
  return { ok: false, rejection: { code: 'request.malformed', context: { detail } } };
}

function readInput({ route, check }: Serving, request: FastifyRequest) {
  const params = check.params(request.params);
  if (!params.ok) return malformed(params.detail);
  const query = check.query(request.query);
  if (!query.ok) return malformed(query.detail);
  if (route.form === 'bytes-in') {
    if (!Buffer.isBuffer(request.body)) return malformed('the body must be application/octet-stream');
    return { ok: true as const, input: { params: params.value, query: query.value, body: undefined, bytes: request.body } };
  }
  let json: unknown;
  try {
    json = typeof request.body === 'string' && request.body !== '' ? JSON.parse(request.body) : undefined;
  } catch {
    return malformed('the body is not JSON');
  }
  const body = check.body(json);
  if (!body.ok) return malformed(body.detail);
  return { ok: true as const, input: { params: params.value, query: query.value, body: body.value, bytes: undefined } };
}

function sendOutcome(outcome: Outcome<unknown> | Stored, route: Route, request: FastifyRequest, reply: FastifyReply): unknown {
  if ('body' in outcome) return reply.code(outcome.status).type('application/json').send(outcome.body);
  if (!outcome.ok) return sendProblem(reply, request, outcome.rejection);
  if (route.form === 'bytes-out') return reply.type('application/octet-stream').send(outcome.answer);
  return reply.type('application/json').send(JSON.stringify(outcome.answer));
}

function sendProblem(reply: FastifyReply, request: FastifyRequest, rejection: Rejection): FastifyReply {
  const problem = problemOf(rejection, request.id);
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What the environment failed at is unavailable for now; all the rest is a bug of ours, told without its inside. */
function faultOf(ports: ControlPorts, error: unknown, request: FastifyRequest): Rejection {
  const code = (error as { code?: string }).code ?? '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return { code: 'request.too-large', context: { limit: request.routeOptions.bodyLimit } };
  if (code.startsWith('FST_ERR_CTP'))
    return {
      code: 'request.malformed',
      context: { detail: 'the content type must be application/json, or application/octet-stream for bytes' },
    };
  if (error instanceof StoreFault || code.startsWith('store.')) {
    ports.log({ level: 'error', event: 'store.fault', code, request: request.id, detail: (error as Error).message });
    return { code: 'control.unavailable', context: { detail: (error as Error).message } };
  }
  ports.log({
    level: 'error',
    event: 'bug',
    request: request.id,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return { code: 'control.bug', context: { request: request.id } };
}

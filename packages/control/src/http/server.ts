// The HTTP edge: every route of the table on Fastify. It limits what comes in, and puts the desk's replies on the socket.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Rejection, type Route, type RouteName, routes } from '@iog/protocol';
import type { ControlPorts } from '../ports.ts';
import type { KeyWatch } from '../identity/key-watch.ts';
import { type Desk, type Replied, faultOf, problem } from './answer.ts';
import { sendEvents } from './events.ts';
import type { Traffic } from './traffic.ts';

/** The server of every route of the table; it does not listen yet. */
export function httpServer(ports: ControlPorts, desk: Desk, watch: KeyWatch['watch'], crowd: Traffic): FastifyInstance {
  const send = sender(ports);
  const app = fastify({
    logger: false,
    bodyLimit: ports.policy.limits.requestBytes,
    requestTimeout: 120_000,
    forceCloseConnections: true,
    // An address that cannot be decoded reaches no route and no error handler.
    frameworkErrors: (_error, request, reply) => {
      void send(reply, request, problem(unknownRoute(request), request.id));
    },
    genReqId: () => `req_${Buffer.from(ports.random(12)).toString('hex')}`,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  app.setNotFoundHandler((request, reply) => send(reply, request, problem(unknownRoute(request), request.id)));
  app.setErrorHandler((error, request, reply) => send(reply, request, problem(edgeFault(ports, error, request), request.id)));
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: bodyLimitOf(name, route, ports.policy.limits),
      // A key is checked before its body is read: nobody unknown fills our memory.
      onRequest: async (request, reply) => {
        // Before anything is asked of the store: what is refused for too much work must cost next to none.
        const later = crowd.refusal(name);
        if (later) return send(reply, request, { ...problem(later.rejection, request.id), retryAfterS: later.retryAfterS });
        crowd.begin(name, reply.raw);
        const refusal = await desk.refusal(route, { headers: request.headers, address: request.ip, request: request.id });
        return refusal && send(reply, request, refusal);
      },
      handler: (request, reply) => serve(ports, { desk, name, watch, send }, request, reply),
    });
  }
  return app;
}

function bodyLimitOf(name: RouteName, route: Route, limits: ControlPorts['policy']['limits']): number {
  if (name === 'device.log') return limits.logSegmentBytes;
  return route.form === 'bytes-in' ? limits.blobBytes : limits.requestBytes;
}

interface Serving {
  readonly desk: Desk;
  readonly name: RouteName;
  readonly watch: KeyWatch['watch'];
  readonly send: Send;
}

async function serve(
  ports: ControlPorts,
  { desk, name, watch, send }: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const reached = await desk.answer({
    route: name,
    params: request.params,
    query: request.query,
    body: request.body as string | Buffer | undefined,
    headers: request.headers,
    url: request.url,
    address: request.ip,
    request: request.id,
  });
  if (!('events' in reached)) return send(reply, request, reached);
  const lastEventId = request.headers['last-event-id'];
  const told = { reply, lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined, watch };
  return sendEvents(ports, reached.events, told, (rejection) => send(reply, request, problem(rejection, request.id)));
}

type Send = (reply: FastifyReply, request: FastifyRequest, replied: Replied) => FastifyReply;

function sender({ meter }: Pick<ControlPorts, 'meter'>): Send {
  return (reply, request, { status, type, body, retryAfterS, code }) => {
    if (code !== undefined) meter.count('rejections', { code });
    reply.header('x-request-id', request.id);
    if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
    return reply.code(status).type(type).send(body);
  };
}

function unknownRoute({ method, url }: { readonly method: string; readonly url: string }): Rejection {
  return { code: 'route.unknown', context: { method, path: url.slice(0, 200) } };
}

/** What Fastify itself refuses, before the desk is asked. */
function edgeFault(ports: ControlPorts, error: unknown, request: FastifyRequest): Rejection {
  const code = (error as { code?: string }).code ?? '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return { code: 'request.too-large', context: { limit: request.routeOptions.bodyLimit } };
  if (!code.startsWith('FST_ERR_CTP')) return faultOf(ports, error, request.id);
  const detail = 'the content type must be application/json, or application/octet-stream for bytes';
  return { code: 'request.malformed', context: { detail } };
}

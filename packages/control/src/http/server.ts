// The HTTP edge: every route of the table on Fastify. It limits what comes in, and puts the desk's replies on the socket.
import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Rejection, type Route, type RouteName, routes } from '@iog/protocol';
import type { ControlPorts } from '../ports.ts';
import type { KeyWatch } from '../identity/key-watch.ts';
import { type Desk, type Replied, faultOf, problem } from './answer.ts';
import { deprecationHeaders } from './deprecation.ts';
import { requestIds } from './request-id.ts';
import { sendEvents } from './events.ts';
import type { OpenPlaces } from './open-places.ts';
import { type Allowance, rateLimitHeaders } from './rate-limit.ts';
import { methodsOf, rawProblem, refuseMalformed } from './strays.ts';
import type { Traffic } from './traffic.ts';
import type { ComingBytes } from '../blobs/blob-store.ts';
import { CallerGone, bodyOf, isCut, uploads } from './uploads.ts';
import { connectionsMost, headLimits, stillSocketMs, type uploadLimits } from '../limits.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly uploads?: keyof typeof uploadLimits;
  }
  interface FastifyRequest {
    /** By its address. */
    allowance: Allowance | undefined;
  }
}

/** The server of every route of the table; it does not listen yet. */
export function httpServer(
  ports: ControlPorts,
  desk: Desk,
  watch: KeyWatch['watch'],
  crowd: Traffic,
  places: OpenPlaces,
  behindProxy = false,
): FastifyInstance {
  const send = sender(ports);
  const underWay = uploads();
  const app = bareServer(ports, send, behindProxy);
  app.decorateRequest('allowance', undefined);
  app.addHook('onRequest', async (request, reply) => {
    const { allowance, late } = desk.arrival({ address: request.ip, request: request.id });
    request.allowance = allowance;
    if (late) return send(reply, request, late);
    const unheard = unheardOf(request);
    if (unheard) return send(reply, request, problem({ code: 'request.malformed', context: { detail: unheard } }, request.id));
    // Before its body is looked at: that may be refused for what does not matter here.
    return request.is404 ? refuseStray(send, request, reply) : undefined;
  });
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    app.route({
      method: route.method,
      url: route.path,
      exposeHeadRoute: false,
      bodyLimit: bodyLimitOf(name, route, ports.policy.limits),
      config: route.form === 'bytes-in' ? { uploads: name === 'device.log' ? 'log' : 'package' } : {},
      // A key is checked before its body is read: nobody unknown fills our memory.
      onRequest: async (request, reply) => {
        reply.headers(deprecationHeaders(route));
        // Before anything is asked of the store: what is refused for too much work must cost next to none.
        const later = crowd.refusal(name);
        if (later) await crowd.held();
        if (later) return send(reply, request, { ...problem(later.rejection, request.id), retryAfterS: later.retryAfterS });
        crowd.begin(name, reply.raw);
        const entry = await desk.entry(route, { headers: request.headers, address: request.ip, request: request.id });
        if ('status' in entry) return send(reply, request, entry);
        const { uploads: kind } = request.routeOptions.config;
        if (kind === undefined) return undefined;
        const rejection = lengthRefusal(request) ?? underWay.begin(kind, entry.uploader, reply.raw);
        return rejection && send(reply, request, problem(rejection, request.id));
      },
      handler: (request, reply) => serve(ports, { desk, name, watch, places, send }, request, reply),
    });
  }
  return app;
}

/** A server that has no route yet: what it reads, and what it says to whoever reaches none. */
function bareServer(ports: ControlPorts, send: Send, behindProxy: boolean): FastifyInstance {
  const newRequestId = requestIds(ports);
  const app = fastify({
    logger: false,
    bodyLimit: ports.policy.limits.requestBytes,
    requestTimeout: 120_000,
    connectionTimeout: stillSocketMs,
    // Of a request that names no host node would say so itself, without a problem: refused below.
    http: { headersTimeout: headLimits.withinMs, connectionsCheckingInterval: headLimits.lookEveryMs, requireHostHeader: false },
    forceCloseConnections: true,
    // Only a proxy on this machine is believed whom it speaks for.
    trustProxy: behindProxy ? 'loopback' : false,
    // A longer part of an address than any id is for its route to refuse, not for nobody.
    routerOptions: { maxParamLength: 4_096 },
    // An address that cannot be decoded reaches no route and no error handler.
    frameworkErrors: (_error, request, reply) => {
      void send(reply, request, problem(unknownRoute(request), request.id));
    },
    genReqId: newRequestId,
    clientErrorHandler: (error, socket) => refuseMalformed(error, socket, newRequestId()),
  });
  // Where files run out, the store and the blobs fail too: whoever comes beyond this is cut instead.
  app.server.maxConnections = connectionsMost;
  // Node would answer these by itself, or not at all.
  app.server.on('checkExpectation', (request, response) => void app.server.emit('request', request, response));
  app.server.on('connect', (request, socket) => {
    const rejection = unknownRoute({ method: 'CONNECT', url: request.url ?? '' });
    socket.on('error', () => socket.destroy());
    socket.end(rawProblem(rejection, newRequestId()), () => socket.destroy());
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addContentTypeParser('application/octet-stream', async (request: FastifyRequest, message: IncomingMessage) => {
    const coming: ComingBytes = { byteLength: lengthOf(request) ?? 0, source: bodyOf(message) };
    // What a device sends is signed: all of it is there before anything is done with it.
    return request.routeOptions.config.uploads === 'package' ? coming : wholeOf(coming, request.routeOptions.bodyLimit);
  });
  app.setNotFoundHandler((request, reply) => refuseStray(send, request, reply));
  app.setErrorHandler((error, request, reply) => send(reply, request, problem(edgeFault(ports, error, request), request.id)));
  return app;
}

/** What HTTP asks of a request, and node leaves to us. */
function unheardOf({ raw }: FastifyRequest): string | undefined {
  const { host, expect } = raw.headers;
  if (host === undefined && raw.httpVersion === '1.1') return 'it names no host';
  return expect === undefined || expect.toLowerCase() === '100-continue' ? undefined : 'nothing but 100-continue can be expected';
}

function bodyLimitOf(name: RouteName, route: Route, limits: ControlPorts['policy']['limits']): number {
  if (name === 'enrolment.create' || name === 'device.join') return limits.enrolmentBytes;
  if (name === 'device.log') return limits.logSegmentBytes;
  return route.form === 'bytes-in' ? limits.blobBytes : limits.requestBytes;
}

function lengthOf({ headers }: FastifyRequest): number | undefined {
  const said = headers['content-length'];
  return said === undefined ? undefined : Number(said);
}

/** Room is made by the length that is said, before anything is read: one that is not said cannot come in. */
function lengthRefusal(request: FastifyRequest): Rejection | undefined {
  const [length, limit] = [lengthOf(request), request.routeOptions.bodyLimit];
  if (length === undefined) return { code: 'request.malformed', context: { detail: 'bytes need the header content-length' } };
  return length > limit ? { code: 'request.too-large', context: { limit } } : undefined;
}

async function wholeOf({ source }: ComingBytes, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    length += part.byteLength;
    if (length > limit) throw Object.assign(new Error('the body is too large'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE' });
    parts.push(part);
  }
  return Buffer.concat(parts);
}

interface Serving {
  readonly desk: Desk;
  readonly name: RouteName;
  readonly watch: KeyWatch['watch'];
  readonly places: OpenPlaces;
  readonly send: Send;
}

async function serve(
  ports: ControlPorts,
  { desk, name, watch, places, send }: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const reached = await desk.answer({
    route: name,
    params: request.params,
    query: request.query,
    body: request.body as string | Uint8Array | ComingBytes | undefined,
    headers: request.headers,
    url: request.url,
    address: request.ip,
    request: request.id,
  });
  if (!('events' in reached)) return send(reply, request, reached);
  const lastEventId = request.headers['last-event-id'];
  reply.headers(limitHeaders(request, reached.allowances));
  const told = { reply, lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined, watch, places };
  return sendEvents(ports, reached, told, (rejection) => send(reply, request, problem(rejection, request.id)));
}

type Send = (reply: FastifyReply, request: FastifyRequest, replied: Replied) => FastifyReply;

function sender({ meter }: Pick<ControlPorts, 'meter'>): Send {
  return (reply, request, { status, type, body, retryAfterS, code, allowances }) => {
    if (code !== undefined) meter.count('rejections', { code });
    reply.header('x-request-id', request.id);
    reply.headers(limitHeaders(request, allowances));
    if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
    return reply.code(status).type(type).send(body);
  };
}

function limitHeaders({ allowance }: FastifyRequest, allowances: readonly Allowance[] = []): Readonly<Record<string, string>> {
  const first = allowance && !allowances.includes(allowance) ? [allowance] : [];
  return rateLimitHeaders([...first, ...allowances]);
}

function refuseStray(send: Send, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const allow = methodsOf(request.url);
  if (allow === undefined) return send(reply, request, problem(unknownRoute(request), request.id));
  const rejection: Rejection = { code: 'method.unknown', context: { ...unknownRoute(request).context, allow } };
  return send(reply.header('allow', allow), request, problem(rejection, request.id));
}

function unknownRoute({ method, url }: { readonly method: string; readonly url: string }): Rejection {
  return { code: 'route.unknown', context: { method, path: url.slice(0, 200) } };
}

/** What Fastify itself refuses, before the desk is asked. */
function edgeFault(ports: ControlPorts, error: unknown, request: FastifyRequest): Rejection {
  if (isCut(request.raw)) return faultOf(ports, new CallerGone('the caller went before its body had come'), request.id);
  const code = (error as { code?: string }).code ?? '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return { code: 'request.too-large', context: { limit: request.routeOptions.bodyLimit } };
  if (!code.startsWith('FST_ERR_CTP')) return faultOf(ports, error, request.id);
  const detail = 'the content type must be application/json, or application/octet-stream for bytes';
  return { code: 'request.malformed', context: { detail } };
}

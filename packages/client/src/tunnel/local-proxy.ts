// A plain HTTP proxy on loopback in front of a cluster's Ray dashboard, through the tunnel: for `ray job submit`, for scripts and for a browser.
import { createServer, request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { proxyGate, type Passage } from './proxy-gate.ts';
import { forwardedHeaders, returnedHeaders } from './proxy-headers.ts';

export interface LocalProxyPorts {
  /** A fresh connection to the dashboard; one for each request. */
  readonly connect: () => Promise<Duplex>;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Ray's token: added to the requests of a browser that has logged in. */
  readonly token?: string;
  readonly host?: '127.0.0.1';
}

export interface LocalProxy {
  /** `http://127.0.0.1:<port>`: what RAY_ADDRESS is set to. */
  readonly url: string;
  readonly port: number;
  /** A link that logs one browser in, once. */
  readonly newLoginUrl: () => string;
  readonly close: () => Promise<void>;
}

/** Listens before it resolves. Rejects with the system's error where the port is taken. */
export async function localProxy({ connect, port = 0, token, host = '127.0.0.1' }: LocalProxyPorts): Promise<LocalProxy> {
  // An upload or a followed log may take as long as it takes.
  const server = createServer({ requestTimeout: 0, noDelay: true });
  const listening = (): number => (server.address() as AddressInfo | null)?.port ?? 0;
  const gate = proxyGate({ token, port: listening });
  const upgraded = new Set<Duplex>();
  const open = async (request: IncomingMessage, passage: Passage): Promise<ClientRequest> => {
    const added = passage.kind === 'logged-in' ? token : undefined;
    const headers = forwardedHeaders(request, { token: added, cookieName: gate.cookieName });
    if (isUpgrade(request)) Object.assign(headers, { connection: 'Upgrade', upgrade: request.headers.upgrade });
    const tunnel = await connect();
    return httpRequest({ method: request.method, path: request.url, headers, createConnection: () => tunnel });
  };

  server.on('request', (request, response) => {
    const passage = gate.check(request);
    if (passage.kind === 'refused') return answer(response, passage.status, passage.sentence);
    if (passage.kind === 'login') return void response.writeHead(303, { 'set-cookie': passage.cookie, location: '/' }).end();
    open(request, passage).then(
      (upstream) => forward(request, response, upstream),
      (error: unknown) => answer(response, 502, sentenceOf(error)),
    );
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    const passage = gate.check(request);
    if (passage.kind === 'refused') return answerRaw(socket, passage.status, passage.sentence);
    if (passage.kind === 'login') return answerRaw(socket, 400, 'The login link is for a page, not for a WebSocket.');
    open(request, passage).then(
      (upstream) => forwardUpgrade(socket, head, upstream),
      (error: unknown) => answerRaw(socket, 502, sentenceOf(error)),
    );
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, resolve);
  });
  const url = `http://127.0.0.1:${listening()}`;
  return {
    url,
    port: listening(),
    newLoginUrl: () => url + gate.newLoginPath(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

function forward(request: IncomingMessage, response: ServerResponse, upstream: ClientRequest): void {
  upstream.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else answer(response, 502, sentenceOf(error));
  });
  upstream.once('response', (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, returnedHeaders(incoming));
    // Headers of a followed log come long before its first line.
    response.flushHeaders();
    incoming.pipe(response);
    // A cut answer must not look like a whole one.
    incoming.once('close', () => incoming.complete || response.destroy());
    incoming.on('error', () => response.destroy());
  });
  // The asker went away: break the tunnel's connection too.
  response.once('close', () => response.writableFinished || upstream.destroy());
  if (response.destroyed) return void upstream.destroy();
  request.pipe(upstream);
}

function forwardUpgrade(socket: Duplex, head: Buffer, upstream: ClientRequest): void {
  upstream.on('error', (error) => answerRaw(socket, 502, sentenceOf(error)));
  upstream.once('response', (incoming) => {
    // Not taken as a WebSocket (401, 404): the answer goes back as it is, and the connection ends with it.
    writeHead(socket, incoming, [...returnedHeaders(incoming), 'Connection', 'close']);
    incoming.pipe(socket);
    incoming.once('close', () => incoming.complete || socket.destroy());
  });
  upstream.once('upgrade', (incoming, tunnel, first) => {
    tunnel.on('error', () => socket.destroy());
    writeHead(socket, incoming, incoming.rawHeaders);
    if (first.length > 0) socket.write(first);
    if (head.length > 0) tunnel.write(head);
    socket.pipe(tunnel).pipe(socket);
    tunnel.once('close', () => socket.destroy());
    socket.once('close', () => tunnel.destroy());
  });
  socket.once('close', () => upstream.destroy());
  if (socket.destroyed) return void upstream.destroy();
  upstream.end();
}

function isUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade !== undefined && /\bupgrade\b/i.test(request.headers.connection ?? '');
}

function writeHead(socket: Duplex, { statusCode, statusMessage }: IncomingMessage, headers: readonly string[]): void {
  let head = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  socket.write(`${head}\r\n`, 'latin1');
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  if (!response.destroyed)
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${sentence}\n`);
}

function answerRaw(socket: Duplex, status: number, sentence: string): void {
  if (socket.destroyed) return;
  const body = Buffer.from(`${sentence}\n`);
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  socket.end(Buffer.concat([Buffer.from(head), body]));
}

function sentenceOf(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `The cluster's dashboard could not be reached through the tunnel: ${why}`;
}

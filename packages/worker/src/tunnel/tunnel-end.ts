// The device's end of the tunnel: keeps one WebSocket to control, and behind it one TLS server for each lease that knows the lease's key.
import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { WebSocket } from 'ws';
import { bindSession, carrierStream, http2Options, tunnelSocketOptions } from './carrier.ts';
import { serveLease, type TunnelLease } from './lease-tls.ts';

export interface TunnelEndPorts {
  readonly url: string;
  /** Fresh authorisation for each dial. */
  readonly headers: () => Record<string, string>;
  /** What a lease that runs here offers; asked anew for every connection. */
  readonly lookup: (leaseId: string) => TunnelLease | undefined;
  readonly log: (event: string, fields?: Record<string, unknown>) => void;
}

export interface TunnelEnd {
  readonly connected: () => boolean;
  readonly close: () => void;
}

/** Above what control lets through, for a stream that was reset still counts for a while. */
const streamsAtOnce = 1_024;
/** Control passes on the resets of all its clients, each limited there. */
const resets = { streamResetBurst: 50_000, streamResetRate: 5_000 } as const;
const backoffMs = { least: 200, most: 10_000 } as const;
const handshakeTimeoutMs = 10_000;

/** Dials at once, and again for ever until closed. */
export function tunnelEnd({ url, headers, lookup, log }: TunnelEndPorts): TunnelEnd {
  let socket: WebSocket | undefined;
  let session: ServerHttp2Session | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waitMs: number = backoffMs.least;
  let closed = false;

  function dial(): void {
    const ws = new WebSocket(url, { ...tunnelSocketOptions, headers: headers(), handshakeTimeout: handshakeTimeoutMs });
    socket = ws;
    ws.on('error', (error) => log('tunnel.error', { error: error.message }));
    ws.once('open', () => {
      waitMs = backoffMs.least;
      session = serve(ws);
      log('tunnel.open');
    });
    ws.once('close', () => {
      if (closed) return;
      // A random share of the wait, so that a restarted control is not met by all devices at once.
      timer = setTimeout(dial, waitMs * (0.5 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, backoffMs.most);
    });
  }

  function serve(ws: WebSocket): ServerHttp2Session {
    const opened = performServerHandshake(carrierStream(ws), { ...http2Options({ streamsAtOnce }), ...resets });
    bindSession(opened, ws);
    opened.on('stream', (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => {
      stream.on('error', () => {});
      const lease = /^([^:]+):443$/.exec(head[':authority'] ?? '')?.[1];
      if (head[':method'] !== 'CONNECT' || lease === undefined || lookup(lease) === undefined) {
        return stream.respond({ ':status': 404 }, { endStream: true });
      }
      stream.respond({ ':status': 200 });
      serveLease({ stream, lease, lookup, log });
    });
    return opened;
  }

  dial();
  return {
    connected: () => session !== undefined && !session.destroyed && !session.closed,
    close: () => {
      closed = true;
      clearTimeout(timer);
      session?.destroy();
      socket?.terminate();
    },
  };
}

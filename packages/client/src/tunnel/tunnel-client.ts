// The renter's end of the tunnel: one WebSocket to control, and through it TLS that ends on the device of the lease.
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { bindSession, carrierStream, http2Options, tunnelSocketOptions } from './carrier.ts';

export interface TunnelTarget {
  readonly lease: string;
  readonly target: 'dashboard' | 'gcs';
  /** The cluster's tunnel key, 32 bytes. */
  readonly key: Uint8Array;
}

export interface Tunnel {
  /** A connection to a port of the lease. Its abort, from either side, is an error and never an end. Throws `TunnelError`. */
  readonly connect: (target: TunnelTarget) => Promise<Duplex>;
  readonly close: () => void;
}

/** `status` as control answered (403, 429, 502, 503; 401 and the like from the dial itself), or 0 where no answer came. */
class TunnelError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'TunnelError';
    this.status = status;
  }
}

const connectWithinMs = 20_000;

export interface Dialled {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The authorities that the network's certificate may come from. */
  readonly ca?: string[] | undefined;
}

/** Dials at the first connect, and again at the next one after a loss. */
export function openTunnel(dialled: Dialled): Tunnel {
  let dialing: Promise<ClientHttp2Session> | undefined;
  let session: ClientHttp2Session | undefined;
  let closed = false;

  async function current(): Promise<ClientHttp2Session> {
    if (closed) throw new TunnelError(0, 'The tunnel is closed.');
    if (session !== undefined && !session.destroyed && !session.closed) return session;
    // Connections that come together share one dial.
    dialing ??= dial(dialled).finally(() => {
      dialing = undefined;
    });
    session = await dialing;
    if (closed) session.destroy();
    return session;
  }

  return {
    connect: async (target) => {
      const stream = await request(await current(), target.lease);
      return secure(stream, target);
    },
    close: () => {
      closed = true;
      session?.destroy();
    },
  };
}

function dial({ url, headers, ca }: Dialled): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const trust = ca === undefined ? {} : { ca };
    const ws = new WebSocket(url, { ...tunnelSocketOptions, ...trust, headers: { ...headers }, handshakeTimeout: connectWithinMs });
    ws.on('error', (error) => reject(new TunnelError(0, `The tunnel to ${new URL(url).host} could not be opened: ${error.message}`)));
    ws.once('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0;
      reject(new TunnelError(status, `The network refused the tunnel with status ${status}.`));
      ws.terminate();
    });
    ws.once('open', () => {
      const session = connectHttp2('http://control', {
        ...http2Options({ streamsAtOnce: 1 }),
        createConnection: () => carrierStream(ws),
      });
      bindSession(session, ws);
      resolve(session);
    });
  });
}

function request(session: ClientHttp2Session, lease: string): Promise<ClientHttp2Stream> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'CONNECT', ':authority': `${lease}:443` });
    const timer = setTimeout(() => stream.destroy(new Error('no answer in time')), connectWithinMs);
    stream.once('close', () => clearTimeout(timer));
    stream.on('error', (error) => reject(new TunnelError(0, `The tunnel to lease ${lease} broke: ${error.message}`)));
    stream.once('close', () => reject(new TunnelError(0, `The tunnel to lease ${lease} was closed.`)));
    stream.once('response', (answer) => {
      clearTimeout(timer);
      const status = answer[':status'] ?? 0;
      if (status === 200) return resolve(stream);
      reject(new TunnelError(status, sentenceFor(status, lease)));
      stream.destroy();
    });
  });
}

function secure(stream: ClientHttp2Stream, { lease, target, key }: TunnelTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket: stream,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_128_GCM_SHA256',
      servername: `${target}.${lease}`,
      pskCallback: () => ({ psk: key, identity: lease }),
      // The key proves the device; there is no certificate.
      checkServerIdentity: () => undefined,
    });
    breakTogether(tls, stream);
    const timer = setTimeout(() => tls.destroy(new Error('no handshake in time')), connectWithinMs);
    tls.once('close', () => {
      clearTimeout(timer);
      reject(new TunnelError(0, `The device ended the connection to lease ${lease} during the handshake.`));
    });
    tls.on('error', (error) =>
      reject(new TunnelError(0, `The device of lease ${lease} did not prove the cluster's key: ${error.message}`)),
    );
    tls.once('secureConnect', () => {
      clearTimeout(timer);
      resolve(tls);
    });
  });
}

/**
 * Makes TLS and the HTTP/2 stream below it break together. By themselves neither tells the other: a reset of the stream is an 'end' of TLS,
 * and a destroyed TLS socket closes its stream as if all had been said.
 */
function breakTogether(tls: TLSSocket, carrier: ClientHttp2Stream): void {
  const tell = (): void => {
    if ((carrier.rstCode ?? 0) !== 0 || carrier.errored !== null) tls.destroy(new Error('The tunnel broke off.'));
  };
  carrier.prependListener('end', tell);
  carrier.on('close', tell);
  // oxlint-disable no-underscore-dangle -- the one place through which every destroy goes, and Node's name for it
  const destroy = tls._destroy.bind(tls);
  tls._destroy = (error, done) => {
    if (!carrier.destroyed && (error !== null || !tls.writableFinished)) carrier.destroy(error ?? new Error('The tunnel was dropped.'));
    destroy(error, done);
  };
  // oxlint-enable no-underscore-dangle
}

function sentenceFor(status: number, lease: string): string {
  switch (status) {
    case 403:
      return `Lease ${lease} does not run for this account.`;
    case 429:
      return 'Too many connections are open through this tunnel: close some and try again.';
    case 503:
      return `The device of lease ${lease} is not connected at the moment: try again shortly.`;
    default:
      return `The device of lease ${lease} could not be reached (status ${status}).`;
  }
}

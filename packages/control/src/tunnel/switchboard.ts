// The switchboard of tunnels: joins a renter's CONNECT to the device of the lease. It sees ciphertext and ids, and decides only who may reach whom.
import {
  connect,
  performServerHandshake,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { WebSocket } from 'ws';
import { bindSession, carrierStream, http2Options } from './carrier.ts';
import { abort, splice } from './splice.ts';

export interface SwitchboardPorts {
  readonly maxStreamsPerClient: number;
  readonly log: (event: string, fields?: Record<string, unknown>) => void;
}

export interface ClientRights {
  /** The device that runs the lease, if this account may reach it; asked anew for every connection. */
  readonly mayReach: (leaseId: string) => Promise<string | undefined>;
}

export interface SwitchboardStats {
  readonly devices: number;
  readonly clients: number;
  readonly streams: number;
}

export interface Switchboard {
  /** The WebSocket of a device that has proven who it is. The newest of a device wins. Call it in the tick in which the socket opened. */
  readonly acceptDevice: (ws: WebSocket, deviceId: string) => void;
  /** The WebSocket of a renter's client. Call it in the tick in which the socket opened. */
  readonly acceptClient: (ws: WebSocket, rights: ClientRights) => void;
  readonly dropDevice: (deviceId: string) => void;
  readonly stats: () => SwitchboardStats;
  readonly close: () => void;
}

/** What a client may reset in a row, and for each second after that: quick aborts are normal in a browser. */
const resets = { streamResetBurst: 5_000, streamResetRate: 500 } as const;
const answerWithinMs = 15_000;
const maxStreamsPerDevice = 256;
/**
 * What HTTP/2 lets a client open, as a multiple of what it may hold. Node forgets a reset stream some time after its peer did, and answers
 * a stream beyond the setting by resetting it, after a hundred of them by ending the session: leave room, and count here.
 */
const streamSlack = 4;
const authority = /^([a-z]{3}_[0-9a-z]{1,64}):443$/;

/** Answers CONNECT `<leaseId>:443` with 200 and bytes, 403 (unknown or not yours), 429 (too many), 503 (device away) or 502 (failed). */
export function tunnelSwitchboard({ maxStreamsPerClient, log }: SwitchboardPorts): Switchboard {
  const devices = new Map<string, ClientHttp2Session>();
  const streamsOfDevice = new WeakMap<ClientHttp2Session, number>();
  const clients = new Set<ServerHttp2Session>();
  let streams = 0;

  function acceptDevice(ws: WebSocket, deviceId: string): void {
    const session = connect('http://device', { ...http2Options({ streamsAtOnce: 1 }), createConnection: () => carrierStream(ws) });
    bindSession(session, ws);
    devices.get(deviceId)?.destroy();
    devices.set(deviceId, session);
    log('tunnel.device-connected', { device: deviceId });
    session.on('close', () => {
      if (devices.get(deviceId) === session) devices.delete(deviceId);
      log('tunnel.device-gone', { device: deviceId });
    });
  }

  function acceptClient(ws: WebSocket, { mayReach }: ClientRights): void {
    const session = performServerHandshake(carrierStream(ws), {
      ...http2Options({ streamsAtOnce: maxStreamsPerClient * streamSlack }),
      ...resets,
    });
    bindSession(session, ws);
    clients.add(session);
    session.on('close', () => clients.delete(session));
    let open = 0;
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => {});
      if (++open > maxStreamsPerClient) refuse(stream, 429);
      else route(stream, headers, mayReach).catch((error: unknown) => fail(stream, error));
      stream.once('close', () => open--);
    });
  }

  async function route(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, mayReach: ClientRights['mayReach']): Promise<void> {
    const lease = authority.exec(headers[':authority'] ?? '')?.[1];
    if (headers[':method'] !== 'CONNECT' || lease === undefined) return refuse(stream, 403);
    const device = await mayReach(lease);
    if (device === undefined) return refuse(stream, 403);
    const session = devices.get(device);
    if (session === undefined || session.closed || session.destroyed) return refuse(stream, 503);
    const held = streamsOfDevice.get(session) ?? 0;
    if (held >= maxStreamsPerDevice) return refuse(stream, 429);
    if (stream.destroyed) return;

    streamsOfDevice.set(session, held + 1);
    const far = await reach(session, lease, stream, () => streamsOfDevice.set(session, (streamsOfDevice.get(session) ?? 1) - 1));
    if (far === undefined) return refuse(stream, 502);
    if (stream.destroyed) return abort(far);
    stream.respond({ ':status': 200 });
    streams++;
    splice(stream, far, () => streams--);
  }

  function fail(stream: ServerHttp2Stream, error: unknown): void {
    log('tunnel.failed', { error: String(error) });
    refuse(stream, 502);
  }

  return {
    acceptDevice,
    acceptClient,
    dropDevice: (deviceId) => devices.get(deviceId)?.destroy(),
    stats: () => ({ devices: devices.size, clients: clients.size, streams }),
    close: () => {
      for (const session of [...devices.values(), ...clients]) session.destroy();
    },
  };
}

/** A stream to the device's end for this lease; undefined if the device does not take it in time. */
function reach(
  session: ClientHttp2Session,
  lease: string,
  near: ServerHttp2Stream,
  closed: () => void,
): Promise<ClientHttp2Stream | undefined> {
  const far = session.request({ ':method': 'CONNECT', ':authority': `${lease}:443` });
  far.on('error', () => {});
  far.once('close', closed);
  const giveUp = (): void => abort(far);
  near.once('close', giveUp);
  const timer = setTimeout(giveUp, answerWithinMs);
  return new Promise<ClientHttp2Stream | undefined>((resolve) => {
    far.once('response', (answer) => {
      if (answer[':status'] === 200) return resolve(far);
      abort(far);
      resolve(undefined);
    });
    far.once('close', () => resolve(undefined));
  }).finally(() => {
    clearTimeout(timer);
    near.off('close', giveUp);
  });
}

function refuse(stream: ServerHttp2Stream, status: number): void {
  if (!stream.destroyed && !stream.headersSent) stream.respond({ ':status': status }, { endStream: true });
}

// The renter's WebSocket that carries HTTP/2: its limits, and how it may die without taking the process along.
import { constants, type Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';

/** For every WebSocket that carries a tunnel: no compression of ciphertext, no frame that could fill the memory. */
export const tunnelSocketOptions = { perMessageDeflate: false, maxPayload: 4 * 1024 * 1024, skipUTF8Validation: true } as const;

const windowBytes = { stream: 512 * 1024, session: 8 * 1024 * 1024 } as const;
const pingEveryMs = 15_000;
/** Any frame counts as life: behind a full buffer on a slow line a pong may take this long. */
const silentForMs = 45_000;

/** HTTP/2 settings for one carrier. `maxSessionMemory` is in MB and must hold all streams' windows. */
export function http2Options({ streamsAtOnce }: { readonly streamsAtOnce: number }) {
  return {
    settings: { initialWindowSize: windowBytes.stream, maxConcurrentStreams: streamsAtOnce, maxFrameSize: 65_536, enablePush: false },
    maxSessionMemory: 256,
  };
}

/** The WebSocket as a stream of bytes. Call it before the socket's first message, or that message is lost. */
export function carrierStream(ws: WebSocket): Duplex {
  const stream = createWebSocketStream(ws, { highWaterMark: 64 * 1024 });
  // Its loss is told by the session's own end.
  stream.on('error', () => {});
  return stream;
}

/** Ties a session to its carrier: one dies with the other, and a carrier that fell silent dies too. */
export function bindSession(session: Http2Session, ws: WebSocket): void {
  session.setLocalWindowSize(windowBytes.session);
  session.on('error', () => {});
  // Before the stream reports its end: an HTTP/2 session that then resets a stream stops the whole process (ERR_INTERNAL_ASSERTION).
  const lose = (): void => {
    if (!session.destroyed) session.destroy(new Error('The carrier of the tunnel was lost.'), constants.NGHTTP2_CONNECT_ERROR);
  };
  ws.prependListener('error', lose);
  ws.prependListener('close', lose);
  session.on('close', () => ws.terminate());
  endWhenSilent(ws);
}

function endWhenSilent(ws: WebSocket): void {
  let heardAt = performance.now();
  const heard = (): void => {
    heardAt = performance.now();
  };
  for (const sign of ['message', 'ping', 'pong']) ws.on(sign, heard);
  const timer = setInterval(() => {
    if (performance.now() - heardAt > silentForMs) ws.terminate();
    else if (ws.readyState === ws.OPEN) ws.ping();
  }, pingEveryMs);
  timer.unref();
  ws.once('close', () => clearInterval(timer));
}

// The wire of a session: one WebSocket to control, as text in and out. A simulation gives its own.
import { WebSocket } from 'ws';

const mostMessageBytes = 4 * 1024 * 1024;
const handshakeTimeoutMs = 5_000;

export interface WireEvents {
  text(text: string): void;
  /** The peer gave any sign of life. */
  alive(): void;
  /** Called once, also when the link never opened. */
  closed(reason: string): void;
}
export interface WireLink {
  send(text: string): void;
  ping(): void;
  end(): void;
}
export type Wire = (url: string, on: WireEvents) => WireLink;

export const realWire: Wire = (url, on) => {
  const socket = new WebSocket(url, { maxPayload: mostMessageBytes, handshakeTimeout: handshakeTimeoutMs, perMessageDeflate: false });
  let reason = '';
  socket.on('message', (data, isBinary) => {
    on.alive();
    if (!isBinary) on.text((data as Buffer).toString('utf8'));
  });
  socket.on('open', () => on.alive());
  socket.on('ping', () => on.alive());
  socket.on('pong', () => on.alive());
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', (code, text) => on.closed(reason || text.toString() || `closed with ${code}`));
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    ping: () => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    end: () => socket.terminate(),
  };
};

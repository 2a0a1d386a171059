// One device's connection as sessions need it. A WebSocket here; a simulation gives its own.
import type { WebSocket } from 'ws';
import type { ToWorker } from '@iog/protocol';
import { sessionLimits } from '../limits.ts';

export interface DeviceLink {
  /** Where it comes from, where that is known. */
  readonly network?: string;
  isOpen(): boolean;
  send(text: string): void;
  /** Says why, then closes. */
  close(code: number, reason: string): void;
  terminate(): void;
  /** Called once, before anything can come. `closed` is told once. */
  listen(on: { text(text: string): void; closed(): void }): void;
}

export function send(link: DeviceLink, message: ToWorker): void {
  if (link.isOpen()) link.send(JSON.stringify(message));
}

export function socketLink(ws: WebSocket, network: string): DeviceLink {
  ws.on('error', () => ws.terminate());
  return {
    network,
    isOpen: () => ws.readyState === ws.OPEN,
    send: (text) => {
      if (ws.readyState !== ws.OPEN) return;
      // Its peer has stopped reading: what it misses it is sent again in its next session.
      if (ws.bufferedAmount > sessionLimits.unreadBytes) ws.terminate();
      else ws.send(text);
    },
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
    listen(on) {
      ws.on('message', (data) => on.text((data as Buffer).toString('utf8')));
      ws.on('close', () => on.closed());
    },
  };
}

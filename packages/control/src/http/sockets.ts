// WebSocket upgrades: each path with its own door. A refusal is a plain HTTP answer with a problem document.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Rejection, problemOf, sockets } from '@iog/protocol';
import { sha256hex } from '@iog/seal';
import { stopLimits } from '../limits.ts';
import type { Caller, Door } from './access.ts';

type Admitted = Extract<Caller, { ok: true }>;
type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, who: Admitted) => void;
export type SocketDoors = { readonly access: Door } & { readonly [P in (typeof sockets)[keyof typeof sockets]]: Upgrade };

export function serveSockets(server: Server, doors: SocketDoors, isStopping: () => boolean): void {
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path !== sockets.link && path !== sockets.deviceTunnel && path !== sockets.clientTunnel) {
      return refuse(socket, { code: 'route.unknown', context: { method: 'GET', path: path.slice(0, 100) } });
    }
    if (isStopping()) return refuse(socket, { code: 'control.stopping', context: {} });
    admit(doors.access, request, path).then(
      (who) => (who.ok ? doors[path](request, socket, head, who) : refuse(socket, who.rejection)),
      () => refuse(socket, { code: 'control.unavailable', context: { detail: 'the store did not answer' } }),
    );
    return undefined;
  });
}

/** The link's door is its hello, signed over control's challenge; tunnels show a signature or a key at once. */
function admit(access: Door, request: IncomingMessage, path: string): Promise<Caller> {
  if (path === sockets.deviceTunnel) return access.device(request.headers, 'GET', request.url ?? '', sha256hex(''));
  if (path === sockets.clientTunnel) return access.key(request.headers, 'rent');
  return Promise.resolve({ ok: true, key: undefined, device: undefined });
}

function refuse(socket: Duplex, rejection: Rejection): void {
  const problem = problemOf(rejection);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${rejection.code}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n${problem.status === 503 ? `Retry-After: ${stopLimits.retryAfterS}\r\n` : ''}\r\n${body}`,
  );
}

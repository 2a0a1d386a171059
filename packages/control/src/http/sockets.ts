// WebSocket upgrades: each path with its own door. A refusal is a plain HTTP answer with a problem document.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Rejection, errors, sockets } from '@iog/protocol';
import { sha256hex } from '@iog/seal';
import { stopLimits } from '../limits.ts';
import type { Caller, Door } from './access.ts';
import { rawProblem } from './strays.ts';

type Admitted = Extract<Caller, { ok: true }>;
type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, who: Admitted) => void;
export type SocketDoors = { readonly access: Door } & { readonly [P in (typeof sockets)[keyof typeof sockets]]: Upgrade };

export function serveSockets(server: Server, doors: SocketDoors, isStopping: () => boolean, newRequestId: () => string): void {
  server.on('upgrade', (request, socket, head) => {
    const refuse = (rejection: Rejection): void => refuseUpgrade(socket, rejection, newRequestId());
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path !== sockets.link && path !== sockets.deviceTunnel && path !== sockets.clientTunnel) {
      return refuse({ code: 'route.unknown', context: { method: 'GET', path: path.slice(0, 100) } });
    }
    if (isStopping()) return refuse({ code: 'control.stopping', context: {} });
    admit(doors.access, request, path).then(
      (who) => (who.ok ? doors[path](request, socket, head, who) : refuse(who.rejection)),
      () => refuse({ code: 'control.unavailable', context: { detail: 'the store did not answer' } }),
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

function refuseUpgrade(socket: Duplex, rejection: Rejection, request: string): void {
  const later = errors[rejection.code].status === 503 ? { 'Retry-After': stopLimits.retryAfterS } : {};
  socket.end(rawProblem(rejection, request, later));
}

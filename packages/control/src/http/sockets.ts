// WebSocket upgrades: each path with its own door. A refusal is a plain HTTP answer with a problem document.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Rejection, errors, sockets } from '@iog/protocol';
import { sha256hex } from '@iog/seal';
import { stopLimits } from '../limits.ts';
import type { Caller, Door } from './access.ts';
import { isLoopback } from './rate-limit.ts';
import { rawProblem } from './strays.ts';

type Admitted = Extract<Caller, { ok: true }>;
/** Takes the connection, or says why not. */
type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, who: Admitted) => Rejection | undefined;
interface Doors {
  readonly access: Door;
  /** Why whoever asks from this address must come later. */
  late(this: void, address: string): { readonly rejection: Rejection; readonly seconds: number } | undefined;
  readonly behindProxy: boolean;
}
export type SocketDoors = Doors & { readonly [P in (typeof sockets)[keyof typeof sockets]]: Upgrade };

export function serveSockets(server: Server, doors: SocketDoors, isStopping: () => boolean, newRequestId: () => string): void {
  server.on('upgrade', (request, socket, head) => {
    const id = newRequestId();
    const refuse = (rejection: Rejection, seconds?: number): void => refuseUpgrade(socket, rejection, id, seconds);
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path !== sockets.link && path !== sockets.deviceTunnel && path !== sockets.clientTunnel) {
      return refuse({ code: 'route.unknown', context: { method: 'GET', path: path.slice(0, 100) } });
    }
    if (isStopping()) return refuse({ code: 'control.stopping', context: {} });
    // Sessions are never refused for how often others of their address ask.
    const late = path === sockets.link ? undefined : doors.late(addressOf(request, doors.behindProxy));
    if (late) return refuse(late.rejection, late.seconds);
    admit(doors.access, request, path).then(
      (who) => {
        const rejection = who.ok ? doors[path](request, socket, head, who) : who.rejection;
        if (rejection) refuse(rejection);
      },
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

/** As for requests: of a proxy on this machine, the last that it names. */
export function addressOf({ headers, socket }: IncomingMessage, behindProxy: boolean): string {
  const own = socket.remoteAddress ?? '';
  const named =
    String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .at(-1)
      ?.trim() ?? '';
  return behindProxy && isLoopback(own) && named !== '' ? named : own;
}

function refuseUpgrade(socket: Duplex, rejection: Rejection, request: string, seconds: number = stopLimits.retryAfterS): void {
  const later = [429, 503].includes(errors[rejection.code].status) ? { 'Retry-After': seconds } : {};
  socket.end(rawProblem(rejection, request, later));
}

// The whole tunnel on loopback, for tests: control's switchboard behind a real HTTP server, a device's end, and what runs behind it.
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { openTunnel, type Tunnel } from '../packages/client/src/tunnel/tunnel-client.ts';
import { tunnelSocketOptions } from '../packages/control/src/tunnel/carrier.ts';
import { tunnelSwitchboard, type Switchboard } from '../packages/control/src/tunnel/switchboard.ts';
import { tunnelEnd, type TunnelEnd } from '../packages/worker/src/tunnel/tunnel-end.ts';

export const lease = 'lea_0123456789abcdefghjkmnpqrs';
export const otherLease = 'lea_0123456789abcdefghjkmnpqrt';
const device = 'dev_0123456789abcdefghjkmnpqrs';
export const key = new Uint8Array(32).fill(9);

export interface Rig {
  readonly board: Switchboard;
  readonly end: TunnelEnd;
  readonly url: string;
  /** All that control has received, from both sides. */
  readonly tap: Buffer[];
  readonly sockets: { readonly devices: Set<WebSocket>; readonly clients: Set<WebSocket> };
  readonly client: (account?: string) => Tunnel;
  readonly close: () => Promise<void>;
}

/** `mine` may reach `lease` and `lost` (whose device is unknown); account `theirs` reaches nothing; `broken` cannot be asked. */
export async function startRig({ port, maxStreamsPerClient = 50 }: { port: number; maxStreamsPerClient?: number }): Promise<Rig> {
  const board = tunnelSwitchboard({ maxStreamsPerClient, log: () => {} });
  const sockets = { devices: new Set<WebSocket>(), clients: new Set<WebSocket>() };
  const tap: Buffer[] = [];
  const upgrades = new WebSocketServer({ noServer: true, ...tunnelSocketOptions });
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => {
    const account = request.headers.authorization;
    if (account === 'nobody') {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data) => tap.push(data as Buffer));
      const kind = request.url === '/device' ? sockets.devices : sockets.clients;
      kind.add(ws);
      ws.once('close', () => kind.delete(ws));
      if (kind === sockets.devices) board.acceptDevice(ws, device);
      else board.acceptClient(ws, { mayReach: (asked) => mayReach(account, asked) });
    });
  });
  const url = `ws://127.0.0.1:${await listen(server)}`;
  const end = tunnelEnd({
    url: `${url}/device`,
    headers: () => ({ authorization: 'device' }),
    lookup: (asked) => (asked === lease ? { key, ports: { dashboard: port, gcs: port } } : undefined),
    log: () => {},
  });
  await until(() => board.stats().devices === 1);

  const clients: Tunnel[] = [];
  const client = (account = 'mine'): Tunnel => {
    const tunnel = openTunnel({ url: `${url}/client`, headers: { authorization: account } });
    clients.push(tunnel);
    return tunnel;
  };
  const close = async (): Promise<void> => {
    for (const tunnel of clients) tunnel.close();
    end.close();
    board.close();
    await until(() => sockets.devices.size + sockets.clients.size === 0);
    await new Promise((resolve) => server.close(resolve));
  };
  return { board, end, url, tap, sockets, client, close };
}

async function mayReach(account: string | undefined, asked: string): Promise<string | undefined> {
  if (account === 'broken') throw new Error('the store is away');
  if (account !== 'mine') return undefined;
  return asked === lease ? device : asked === otherLease ? device : asked === 'lea_lost' ? 'dev_lost' : undefined;
}

/** A TCP server on loopback; `close` ends its connections too. */
export async function backend(serve: (socket: Socket) => void): Promise<{ port: number; open: Set<Socket>; close: () => void }> {
  const open = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
    serve(socket);
  });
  const port = await listen(server);
  return {
    port,
    open,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`Still not so after ${withinMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Everything up to a clean end; rejects on a break. `keepOpen`: the other direction goes on. */
export async function readAll(stream: Readable, { keepOpen = false }: { readonly keepOpen?: boolean } = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: !keepOpen })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

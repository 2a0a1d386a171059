// A TCP proxy in front of the server that cuts a connection at a moment of a test's choice.
import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';

/** Where the next group of commits is cut: before it reaches the server, just after it was sent on, or when its reply comes. */
export type Cut = 'before' | 'after' | 'reply';

export interface CuttingProxy {
  readonly port: number;
  arm(cut: Cut): void;
  /** How many connections were cut. */
  cuts(): number;
  close(): Promise<void>;
}

export async function cuttingProxy(to: number): Promise<CuttingProxy> {
  let armed: Cut | undefined;
  let cuts = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    let replyIsCut = false;
    const cut = (): void => {
      cuts += 1;
      client.destroy();
      upstream.end();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    client.on('data', (data) => {
      const now = data.includes('"checks"') ? armed : undefined;
      if (now !== undefined) armed = undefined;
      if (now === 'before') return cut();
      upstream.write(data);
      if (now === 'after') cut();
      if (now === 'reply') replyIsCut = true;
    });
    upstream.on('data', (data) => (replyIsCut ? cut() : client.write(data)));
    client.on('close', () => upstream.end());
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    arm: (cut) => (armed = cut),
    cuts: () => cuts,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

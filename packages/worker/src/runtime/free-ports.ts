// Blocks of ports for nodes: each port is tried, and the block is held under a name that all workers of this host see.
import net from 'node:net';
import { type NodePorts, portsFrom, portsPerNode } from './ray-start.ts';

const lowest = 20_000;
/** Below the kernel's range for outgoing connections, so that none of those sits on a port of ours. */
const highest = 32_000;
const attemptsMax = 60;

export interface HeldPorts {
  readonly ports: NodePorts;
  release(this: void): void;
}

/** Where Ray's `ray://` server puts one server for each client; these cannot be pinned. */
const rayClientServers = { from: 23_000, to: 24_000 };

/** A block of free loopback ports, held until released; `random` gives a number in [0, 1). Throws when 60 blocks in a row are taken. */
export async function holdPorts(random: () => number): Promise<HeldPorts> {
  const blocks = Math.floor((highest - lowest) / portsPerNode);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const base = lowest + Math.floor(random() * blocks) * portsPerNode;
    if (base < rayClientServers.to && base + portsPerNode > rayClientServers.from) continue;
    const block = await holdAgain(portsFrom(base));
    if (!block) continue;
    if ((await takenPort(block.ports)) === undefined) return block;
    block.release();
  }
  throw new Error(`No free block of ${portsPerNode} ports was found between ${lowest} and ${highest}. Stop what listens there.`);
}

/** Holds the block of a node that runs already; undefined while another holds it. */
export async function holdAgain(ports: NodePorts): Promise<HeldPorts | undefined> {
  const holder = await listen({ path: `\0iog-ports-${ports.base}` });
  return holder && { ports, release: () => void holder.close() };
}

/** The first port of a block that something listens on, at loopback or everywhere. Tried on loopback alone: nothing of ours opens wider. */
export async function takenPort({ base }: NodePorts): Promise<number | undefined> {
  for (let port = base; port < base + portsPerNode; port++) {
    const server = await listen({ port, host: '127.0.0.1', exclusive: true });
    if (!server) return port;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return undefined;
}

function listen(options: net.ListenOptions): Promise<net.Server | undefined> {
  const server = net.createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(options, () => resolve(server.unref()));
  });
}

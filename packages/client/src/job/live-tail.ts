// The live output of a running job: Ray's own log WebSocket on the head, reached through the tunnel that only the cluster's key opens.
import { once } from 'node:events';
import type { JobId, LeaseId } from '@iog/protocol';
import type { ClusterSecrets } from '@iog/seal';
import { WebSocket } from 'ws';
import { tunnelUrl, type IogClient } from '../api/iog-client.ts';
import { openTunnel } from '../tunnel/tunnel-client.ts';

const handshakeTimeoutMs = 10_000;
const maxPieceBytes = 16 * 1024 * 1024;

/** The job's log from its first byte on, until Ray ends it. Throws when head or tunnel are out of reach, or the carrier breaks. */
export async function* liveTail(
  client: IogClient,
  head: LeaseId,
  secrets: ClusterSecrets,
  job: JobId,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const tunnel = openTunnel({ url: tunnelUrl(client.url), headers: client.authorization(), ca: client.authorities() });
  try {
    const carrier = await tunnel.connect({ lease: head, target: 'dashboard', key: Buffer.from(secrets.tunnelKeyHex, 'hex') });
    const socket = new WebSocket(`ws://head/api/jobs/${encodeURIComponent(job)}/logs/tail`, {
      createConnection: () => carrier as never,
      headers: { authorization: `Bearer ${secrets.rayToken}` },
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxPieceBytes,
    });
    yield* messagesOf(socket, signal);
  } finally {
    tunnel.close();
  }
}

async function* messagesOf(socket: WebSocket, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = [];
  let failure: Error | undefined;
  let closed = false;
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();
  socket.on('message', (data) => {
    waiting.push(Buffer.from(data as Buffer));
    wake();
  });
  socket.on('error', (error) => {
    failure = error;
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  const stop = (): void => socket.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (failure !== undefined) throw failure;
      else if (closed || signal?.aborted === true) return;
      else {
        await woken.promise;
        woken = Promise.withResolvers<void>();
      }
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    if (!closed) {
      const gone = once(socket, 'close').catch(() => undefined);
      socket.terminate();
      await gone;
    }
  }
}

// A cluster's story as server-sent events: from `after` on (or Last-Event-ID), and on as it happens, while the key lives.
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Rejection } from '@iog/protocol';
import { type ClusterRow, type EventRow, eventId } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import type { Call } from '../command.ts';
import { accountOf } from '../command.ts';
import type { OpenPlaces } from './open-places.ts';
import type { KeyWatch } from '../identity/key-watch.ts';

const eventsAtOnce = 500;
const keepAliveMs = 10_000;

export async function sendEvents(
  ports: ControlPorts,
  { events: call }: { readonly events: Call<'cluster.events'> },
  {
    reply,
    lastEventId,
    watch,
    places,
  }: {
    readonly reply: FastifyReply;
    readonly lastEventId: string | undefined;
    readonly watch: KeyWatch['watch'];
    readonly places: OpenPlaces;
  },
  sendProblem: (rejection: Rejection) => FastifyReply,
): Promise<FastifyReply | undefined> {
  const { cluster: id } = call.params;
  const [found] = await ports.store.load([{ kind: 'cluster', id }]);
  const cluster = found?.row as ClusterRow | undefined;
  if (!cluster || cluster.account !== accountOf(call)) return sendProblem({ code: 'not-found', context: { noun: 'cluster', id } });
  const out = reply.raw;
  const full = places.hold('streams', cluster.account, out);
  if (full) return sendProblem(full);

  reply.hijack();
  // Gone while its cluster was read: nothing would ever end its stream.
  if (out.destroyed) return undefined;
  out.writeHead(200, {
    ...(reply.getHeaders() as Readonly<Record<string, string>>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-request-id': call.request,
  });
  let last = call.query.after ?? (/^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0);
  let sending: Promise<void> | undefined;
  let again = false;
  const sendNew = async (): Promise<void> => {
    do {
      again = false;
      const [now] = await ports.store.load([{ kind: 'cluster', id }]);
      const until = Math.min((now?.row as ClusterRow | undefined)?.events ?? 0, last + eventsAtOnce);
      const keys = Array.from({ length: Math.max(0, until - last) }, (_, i) => ({ kind: 'event', id: eventId(id, last + i + 1) }));
      for (const event of await ports.store.load(keys)) {
        if (!event) continue;
        const { seq, at, event: kind, subject, detail } = event.row as EventRow;
        out.write(`id: ${seq}\ndata: ${JSON.stringify({ seq, at, kind, subject, detail })}\n\n`);
      }
      last = Math.max(last, until);
      if (keys.length === eventsAtOnce) again = true;
      // No more than one part waits for who does not read.
      await drained(out);
    } while (again && !out.destroyed);
    sending = undefined;
  };
  const send = (): void => {
    again = true;
    sending ??= sendNew().catch(() => void out.destroy());
  };
  if (call.query.follow !== true) {
    send();
    await sending;
    out.end();
    return undefined;
  }
  follow(ports, { out, cluster: id, key: call.key?.id ?? '', watch }, send);
  return undefined;
}

interface Following {
  readonly out: ServerResponse;
  readonly cluster: string;
  readonly key: string;
  readonly watch: KeyWatch['watch'];
}

/** Sends what is new whenever there is some, and a sign of life between, until the connection or the key ends. */
function follow({ signals }: ControlPorts, { out, cluster, key, watch }: Following, send: () => void): void {
  // Before the first send: neither an event nor the end of the connection is missed while it runs.
  const off = signals.on('event', (woken) => woken === cluster && send());
  // Nothing is added for who does not read: on a connection where nothing moves any more, the server's own limit ends the stream.
  const alive = setInterval(() => {
    if (out.writableNeedDrain) return;
    out.write(': alive\n\n');
    send();
  }, keepAliveMs);
  const unwatch = watch(key, 'read', () => out.destroy());
  out.once('close', () => {
    off();
    unwatch();
    clearInterval(alive);
  });
  send();
}

/** Resolves once what was written is on its way, or nobody is there to read it. */
function drained(out: ServerResponse): Promise<void> {
  if (!out.writableNeedDrain || out.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      out.off('drain', done);
      out.off('close', done);
      resolve();
    };
    out.on('drain', done);
    out.on('close', done);
  });
}

// What whoever operates control asks it: does it live, can it serve, what has it counted. None of it is part of the network's API.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KeyRow } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import { readyLimits } from '../limits.ts';
import type { Loop } from '../loop.ts';
import type { PrometheusMeter } from '../metrics/prometheus.ts';
import { type Replied, problem } from './answer.ts';
import type { Door } from './access.ts';
import { isLoopback } from './rate-limit.ts';

export interface Operated {
  readonly meter: PrometheusMeter;
  readonly access: Door;
  loops(this: void): readonly Pick<Loop, 'name' | 'everyMs' | 'steppedAt'>[];
  isStopping(this: void): boolean;
}

export interface Readiness {
  readonly ready: boolean;
  /** What is not as it must be, each in a sentence. */
  readonly lacks: readonly string[];
}

/** `/healthz` and `/readyz` tell nothing of the network and are open; `/metrics` is not. */
export function serveOperator(app: FastifyInstance, ports: ControlPorts, operated: Operated): void {
  const ready = readiness(ports, operated);
  const plain = { 'cache-control': 'no-store' };
  app.get('/healthz', (_request, reply) => reply.headers(plain).type('application/json').send('{"alive":true}'));
  app.get('/readyz', async (_request, reply) => {
    const found = await ready();
    return reply
      .headers(plain)
      .code(found.ready ? 200 : 503)
      .type('application/json')
      .send(JSON.stringify(found));
  });
  app.get('/metrics', async (request, reply) => {
    const refused = await refusalOf(ports, operated.access, request);
    if (refused) return reply.code(refused.status).type(refused.type).send(refused.body);
    return reply
      .headers(plain)
      .type(operated.meter.contentType)
      .send(await operated.meter.text());
  });
}

/** Asked again and again by whoever probes, it asks the store at most twice a second. */
function readiness({ store, clock }: ControlPorts, { loops, isStopping }: Operated): () => Promise<Readiness> {
  let kept: { readonly at: number; readonly store: Promise<string | undefined> } | undefined;
  return async () => {
    const now = clock.now();
    if (!kept || now - kept.at >= readyLimits.keptForMs) kept = { at: now, store: storeLacks(store) };
    const late = loops().filter((loop) => now - loop.steppedAt() > loop.everyMs + readyLimits.loopMs);
    const found = [
      isStopping() ? 'control is ending' : undefined,
      await kept.store,
      ...late.map(({ name, steppedAt }) => `the loop ${name} has not ended a step for ${Math.round((now - steppedAt()) / 1_000)} s`),
    ];
    const lacks = found.filter((each) => each !== undefined);
    return { ready: lacks.length === 0, lacks };
  };
}

/** Only the code of a fault: its message may name places. */
async function storeLacks(store: ControlPorts['store']): Promise<string | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`the store has not answered within ${readyLimits.storeMs} ms`), readyLimits.storeMs);
  const asked = store.load([{ kind: 'clock', id: 'clock' }]).then(
    () => undefined,
    (cause: unknown) => `the store does not answer: ${(cause as { code?: string }).code ?? 'an unexpected error'}`,
  );
  const found = await Promise.race([asked, late]);
  clearTimeout(timer);
  return found;
}

/**
 * From this machine it is open, so that a scraper beside control needs no secret; not where a proxy says that it asks for somebody else. From
 * anywhere else it takes a key with the scope `admin` of the network's first account: other accounts have admins of their own.
 */
async function refusalOf(ports: ControlPorts, access: Door, request: FastifyRequest): Promise<Replied | undefined> {
  const { headers, socket } = request;
  // A page in a browser on this machine reaches it under a name of its own, which it lets point here.
  const isNamedSo = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined);
  if (!isForwarded && isNamedSo && isLoopback(socket.remoteAddress ?? '')) return undefined;
  const who = await access.key(headers, 'admin');
  if (!who.ok) return problem(who.rejection, request.id);
  const [first] = await ports.store.query({ kind: 'account', index: 'all', limit: 1 });
  const { account } = who.key as KeyRow;
  return account === first?.row.id ? undefined : problem({ code: 'key.scope', context: { scope: 'admin' } }, request.id);
}

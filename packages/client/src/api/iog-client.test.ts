// The client against a real HTTP server: repetition with one Idempotency-Key, refusals, pages, and events over a cut.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { problemOf, type ClusterId } from '@iog/protocol';
import { ApiError, UnreachableError } from './api-error.ts';
import { iogClient, pathOf, tunnelUrl, type IogClient } from './iog-client.ts';

async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse, n: number) => void,
  work: (client: IogClient) => Promise<void>,
) {
  let n = 0;
  const server = createServer((request, response) => answer(request, response, n++));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = iogClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'iog_k', patienceMs: 5_000 });
  try {
    await work(client);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
}
const json = (response: ServerResponse, value: unknown, status = 200): void => void response.writeHead(status).end(JSON.stringify(value));
const event = (seq: number): string => `id: ${seq}\ndata: ${JSON.stringify({ seq, at: 1, kind: 'k', subject: 's', detail: '' })}\n\n`;
const cluster = 'clu_00000000000000000000000000' as ClusterId;

test('a POST that is lost or met by 503 is repeated with the same Idempotency-Key', async () => {
  const keys: unknown[] = [];
  await withServer(
    (request, response, n) => {
      keys.push(request.headers['idempotency-key']);
      assert.equal(request.headers.authorization, 'Bearer iog_k');
      if (n === 0) request.socket.destroy();
      else if (n === 1) json(response, problemOf({ code: 'control.unavailable', context: { detail: 'restarting' } }), 503);
      else json(response, { ok: true });
    },
    async (client) => {
      assert.deepEqual(await client.call('faucet.draw', { body: { amountMicro: '1' } }), { ok: true });
      assert.equal(keys.length, 3);
      assert.equal(new Set(keys).size, 1);
      assert.match(String(keys[0]), /^[0-9a-f-]{36}$/);
    },
  );
});

test('what is refused for now is asked again no sooner than the network says, and not at all where that is too long', async () => {
  const at: number[] = [];
  const busy = problemOf({ code: 'control.busy', context: { seconds: 1 } });
  await withServer(
    (request, response, n) => {
      at.push(performance.now());
      const waits = request.url === '/v1/balance' ? '3600' : '1';
      if (n === 1) json(response, { ok: true });
      else response.writeHead(n === 0 ? 503 : 429, { 'retry-after': waits }).end(JSON.stringify(busy));
    },
    async (client) => {
      assert.deepEqual(await client.call('network.show', {}), { ok: true });
      assert.ok((at[1] ?? 0) - (at[0] ?? 0) >= 990);
      await assert.rejects(client.call('balance.show', {}), (error) => error instanceof ApiError && error.retryAfterMs === 3_600_000);
      assert.equal(at.length, 3);
    },
  );
});

test('a refusal is an ApiError with its code, at once', async () => {
  await withServer(
    (_request, response) => json(response, problemOf({ code: 'not-found', context: { noun: 'cluster', id: cluster } }), 404),
    (client) =>
      assert.rejects(
        client.call('cluster.show', { params: { cluster } }),
        (error) => error instanceof ApiError && error.problem.code === 'not-found',
      ),
  );
});

test('an answer that is no problem document is still an error with a code', async () => {
  await withServer(
    (_request, response) => void response.writeHead(400).end('<html>'),
    (client) => assert.rejects(client.call('network.show', {}), (error) => error instanceof ApiError && error.problem.status === 400),
  );
});

test('nobody there: UnreachableError within the patience', async () => {
  const client = iogClient({ url: 'http://127.0.0.1:9', patienceMs: 150 });
  await assert.rejects(client.call('network.show', {}), UnreachableError);
  client.close();
});

test('items asks for page after page', async () => {
  await withServer(
    (request, response) => {
      const second = new URL(request.url ?? '', 'http://x').searchParams.get('after') === 'p2';
      json(response, second ? { items: [{ id: 'b' }], next: null } : { items: [{ id: 'a' }], next: 'p2' });
    },
    async (client) => assert.deepEqual(await client.items('cluster.list', {}), [{ id: 'a' }, { id: 'b' }]),
  );
});

test('events go on behind the last one after a cut, without repetition', async () => {
  const asked: unknown[] = [];
  await withServer(
    (request, response, n) => {
      asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(n === 0 ? event(1) + event(2) : event(2) + event(3));
      if (n === 0) setImmediate(() => response.destroy());
    },
    async (client) => {
      const halt = new AbortController();
      const seen: number[] = [];
      for await (const { seq } of client.events(cluster, 0, halt.signal)) {
        seen.push(seq);
        if (seq === 3) halt.abort();
      }
      assert.deepEqual(seen, [1, 2, 3]);
      assert.deepEqual(asked, ['0', '2']);
    },
  );
});

test('events of what may not be seen end with the refusal', async () => {
  await withServer(
    (_request, response) => json(response, problemOf({ code: 'key.unknown', context: {} }), 401),
    async (client) => {
      const events = client.events(cluster, 0, new AbortController().signal);
      await assert.rejects(events[Symbol.asyncIterator]().next(), ApiError);
    },
  );
});

test('paths are encoded, and the tunnel is beside them', () => {
  assert.equal(pathOf('/v1/jobs/:job/logs/:segment', { job: 'a/b', segment: 3 }), '/v1/jobs/a%2Fb/logs/3');
  assert.equal(pathOf('/v1/x', {}, { after: undefined, limit: 5 }), '/v1/x?limit=5');
  assert.equal(tunnelUrl('https://iog.example/'), 'wss://iog.example/v1/tunnel');
});

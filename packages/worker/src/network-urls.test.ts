// Several addresses of one network: whichever answers is used.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openHttp } from './http.ts';
import { urlsOf } from './network-urls.ts';

test('addresses are told apart by commas, without their last slashes', () => {
  assert.deepEqual(urlsOf('http://a/, http://b:1//'), ['http://a', 'http://b:1']);
  assert.deepEqual(urlsOf('http://a'), ['http://a']);
});

test('where one control refuses the connection, the request goes to the other, and the next one there at once', async (t) => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: closedPort } = gone.address() as { port: number };
  gone.close();
  await once(gone, 'close');
  const server = createServer((_, answer) => answer.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const http = openHttp(`http://127.0.0.1:${closedPort},http://127.0.0.1:${port}`);
  t.after(() => {
    http.close();
    server.close();
  });
  for (let i = 0; i < 2; i++) assert.equal((await http({ method: 'GET', path: '/v1/network' })).status, 200);
  const alone = openHttp(`http://127.0.0.1:${closedPort}`);
  t.after(() => alone.close());
  await assert.rejects(alone({ method: 'GET', path: '/v1/network' }), { code: 'ECONNREFUSED' });
});

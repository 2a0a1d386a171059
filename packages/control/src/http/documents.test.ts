// What control says of itself: its OpenAPI document, its pages of problems; and that whatever it answers, also below its routes, has a request id.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { type ErrorCode, errors, openApi } from '@iog/protocol';
import { startRig } from '../test/rig.ts';

test('anyone may read the OpenAPI document and a page for each code', async (t) => {
  const { url } = await startRig(t);
  const served = await fetch(`${url}/v1/openapi.json`);
  assert.deepEqual(await served.json(), JSON.parse(JSON.stringify(openApi())));
  for (const code of Object.keys(errors) as ErrorCode[]) {
    const page = await fetch(`${url}/problems/${code}`);
    assert.equal(page.status, 200, code);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(await page.text(), new RegExp(`<h1><code>${code}</code>.*What to do`), code);
  }
  assert.match(await (await fetch(`${url}/problems`)).text(), /not-found/);
  for (const none of ['/problems/nothing', '/problems/__proto__', '/problems/%3Cscript%3E']) {
    const page = await fetch(url + none);
    assert.equal(page.status, 404);
    assert.equal(((await page.json()) as { type: string }).type, '/problems/route.unknown');
  }
});

/** What comes back for bytes that are sent as they are. */
function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
  socket.on('data', (part) => (text += part.toString()));
  socket.once('error', reject);
  socket.once('close', () => resolve(text));
  return promise;
}

test('what is no HTTP, has headers too large, or asks for no socket of ours is a problem with a request id too', async (t) => {
  const { url, lines } = await startRig(t);
  const asked: [string, number, string][] = [
    ['nonsense\r\n\r\n', 400, 'request.malformed'],
    ['GET / HTTP/9.9\r\n\r\n', 400, 'request.malformed'],
    [`GET /v1/network HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'request.headers-too-large'],
    ['GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 404, 'route.unknown'],
    ['GET /v1/network HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'request.malformed'],
    ['GET /v1/network HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\nconnection: close\r\n\r\n', 400, 'request.malformed'],
    ['CONNECT a:443 HTTP/1.1\r\nhost: x\r\n\r\n', 404, 'route.unknown'],
    ['GET /v1/tunnel HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 401, 'key.missing'],
  ];
  for (const [bytes, status, code] of asked) {
    const [head = '', body = ''] = (await raw(url, bytes)).split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), bytes.slice(0, 40));
    const problem = JSON.parse(body) as { code: string; request: string };
    assert.equal(problem.code, code);
    assert.match(problem.request, /^req_[0-9a-f]{24}$/);
    assert.match(head, new RegExp(`X-Request-Id: ${problem.request}`, 'i'));
  }
  assert.deepEqual(
    lines.filter(({ level }) => level === 'error'),
    [],
  );
  for (const path of ['/healthz', '/v1/network', '/v1/openapi.json', '/problems/not-found', '/v1/nothing', '/v1/%zz'])
    assert.match((await fetch(url + path)).headers.get('x-request-id') ?? '', /^req_/, path);
});

// The local proxy before a cluster's dashboard, through the whole tunnel, against a dashboard that behaves as Ray's does.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { localProxy, type LocalProxy } from '../packages/client/src/tunnel/local-proxy.ts';
import { key, lease, listen, readAll, startRig, until, type Rig } from './tunnel-rig.ts';

const token = 'ab'.repeat(32);
const bearer = { authorization: `Bearer ${token}` };
let dashboard: Server;
let aborted = 0;
let rig: Rig;
let proxy: LocalProxy;

before(async () => {
  dashboard = fakeDashboard();
  rig = await startRig({ port: await listen(dashboard) });
  const tunnel = rig.client();
  proxy = await localProxy({ token, connect: () => tunnel.connect({ lease, target: 'dashboard', key }) });
});
after(async () => {
  await proxy.close();
  await rig.close();
  dashboard.closeAllConnections();
  dashboard.close();
});

test('a client with the token gets through, with its headers less those of a browser', async () => {
  const headers = {
    ...bearer,
    origin: 'http://evil',
    referer: 'http://evil/',
    'sec-fetch-mode': 'cors',
    'user-agent': 'Mozilla/5.0',
    'x-own': 'kept',
  };
  const seen = JSON.parse((await ask('/headers', { headers })).body.toString()) as Record<string, string>;
  assert.equal(seen['authorization'], `Bearer ${token}`);
  assert.equal(seen['x-own'], 'kept');
  for (const name of ['origin', 'referer', 'sec-fetch-mode', 'user-agent']) assert.equal(seen[name], undefined);
  assert.equal((await ask('/headers', { headers: { 'x-ray-authorization': `Bearer ${token}` } })).status, 200);
  assert.equal((await ask('/headers', { headers: { cookie: `ray-authentication-token=${token}` } })).status, 200);
});

test('nobody else does: no token, a wrong one, a page of another site, a rebound name', async () => {
  assert.equal((await ask('/headers')).status, 401);
  assert.equal((await ask('/headers', { headers: { authorization: 'Bearer x' } })).status, 401);
  assert.equal((await ask('/headers', { headers: { ...bearer, host: `evil.example:${proxy.port}` } })).status, 421);
  const cookie = await logIn();
  for (const headers of [
    { origin: 'http://evil' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    assert.equal((await ask('/headers', { headers: { cookie, ...headers } })).status, 403);
  }
});

test('a browser logs in by a link that works once, and the proxy adds the token for it', async () => {
  const link = proxy.newLoginUrl();
  const first = await ask(new URL(link).pathname);
  assert.equal(first.status, 303);
  assert.match(String(first.headers['set-cookie']), /; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.equal((await ask(new URL(link).pathname)).status, 410);
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
  const asBrowser = { cookie: `theme=dark; ${cookie}`, origin: proxy.url, 'sec-fetch-site': 'same-origin', 'user-agent': 'Mozilla/5.0' };
  const seen = JSON.parse((await ask('/headers', { headers: asBrowser })).body.toString()) as Record<string, string>;
  assert.equal(seen['authorization'], `Bearer ${token}`);
  assert.equal(seen['cookie'], 'theme=dark', "the proxy's own cookie stays here");
  assert.equal((await ask('/headers', { headers: { cookie: `${cookie}x` } })).status, 401);
});

test('bodies stream both ways intact, with a length and without', async () => {
  const body = randomBytes(3_000_000);
  for (const headers of [bearer, { ...bearer, 'content-length': body.length }]) {
    const answer = await ask('/echo', { method: 'PUT', headers, body });
    assert.ok(answer.body.equals(body));
  }
  assert.equal((await ask('/headers', { method: 'HEAD', headers: bearer })).body.length, 0);
  assert.equal((await ask('/empty', { method: 'DELETE', headers: bearer })).status, 204);
});

test('a cut answer is cut here too, and an asker who goes away is told to the dashboard', async () => {
  await assert.rejects(ask('/cut', { headers: bearer }));
  const abortedBefore = aborted;
  const asking = request(`${proxy.url}/forever`, { headers: bearer }).end();
  asking.on('error', () => {});
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  await once(answer, 'data');
  asking.destroy();
  await until(() => aborted === abortedBefore + 1);
});

test('a WebSocket is passed on, with what was sent early; one without leave is refused', async () => {
  const ws = new WebSocket(`${proxy.url.replace('http', 'ws')}/logs`, { headers: bearer });
  const [greeting] = (await once(ws, 'message')) as [Buffer];
  assert.equal(greeting.toString(), 'tail');
  ws.send('x'.repeat(100_000));
  assert.equal(((await once(ws, 'message')) as [Buffer])[0].length, 100_000);
  ws.close(1000);
  assert.equal((await once(ws, 'close'))[0], 1000);

  assert.equal(await refusal('/logs', {}), 401);
  assert.equal(await refusal('/not-there', bearer), 404);
  assert.equal(await refusal('/logs', { cookie: await logIn(), origin: 'http://evil' }), 403);
});

test('without a device there is a 502 and a sentence; it heals by itself', async () => {
  const lost = await localProxy({ token, connect: () => Promise.reject(new Error('the device is not connected')) });
  const answer = await ask('/headers', { headers: { ...bearer, host: `127.0.0.1:${lost.port}` } }, lost);
  assert.equal(answer.status, 502);
  assert.match(answer.body.toString(), /could not be reached through the tunnel: the device is not connected/);
  await lost.close();
  for (const ws of rig.sockets.clients) ws.terminate();
  await until(() => rig.board.stats().clients === 0);
  assert.equal((await ask('/headers', { headers: bearer })).status, 200);
});

test('a request that is no HTTP, and one broken off in its body, do no harm', async () => {
  const raw = connect(proxy.port, '127.0.0.1');
  raw.write('rubbish\r\n\r\n');
  assert.match((await readAll(raw)).toString(), /^HTTP\/1.1 400/);
  const half = connect(proxy.port, '127.0.0.1');
  half.write(`PUT /echo HTTP/1.1\r\nhost: 127.0.0.1:${proxy.port}\r\nauthorization: Bearer ${token}\r\ncontent-length: 1000\r\n\r\nhalf`);
  await until(() => rig.board.stats().streams > 0);
  half.resetAndDestroy();
  await until(() => rig.board.stats().streams === 0);
  assert.equal((await ask('/headers', { headers: bearer })).status, 200);
});

async function logIn(): Promise<string> {
  const answer = await ask(new URL(proxy.newLoginUrl()).pathname);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

async function ask(path: string, options: { method?: string; headers?: OutgoingHttpHeaders; body?: Buffer } = {}, at = proxy) {
  const asking = request(at.url + path, { method: options.method ?? 'GET', headers: options.headers ?? {} });
  asking.end(options.body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await readAll(answer) };
}

async function refusal(path: string, headers: Record<string, string>): Promise<number | undefined> {
  const ws = new WebSocket(`${proxy.url.replace('http', 'ws')}${path}`, { headers });
  ws.on('error', () => {});
  const [, answer] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
  ws.terminate();
  return answer.statusCode;
}

function fakeDashboard(): Server {
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((asked, response) => {
    if (asked.headers.authorization !== `Bearer ${token}` && !asked.headers['x-ray-authorization'] && !asked.headers.cookie) {
      return response.writeHead(401).end();
    }
    switch (asked.url) {
      case '/echo':
        return void asked.pipe(response);
      case '/empty':
        return response.writeHead(204).end();
      case '/cut':
        return response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy());
      case '/forever':
        response.once('close', () => aborted++);
        return response.write('first line');
      case undefined:
      default:
        return response.end(JSON.stringify(asked.headers));
    }
  });
  server.on('upgrade', (asked, socket, head) => {
    socket.on('error', () => {});
    if (asked.url !== '/logs') {
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(asked, socket, head, (ws) => {
      ws.send('tail');
      ws.on('message', (data) => ws.send(data));
    });
  });
  return server;
}

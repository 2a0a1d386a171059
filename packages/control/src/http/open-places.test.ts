// What an account holds open over real sockets: so many streams and tunnels, and a place comes free when one closes.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { openLimits } from '../limits.ts';
import { admittedFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { startRig, until } from '../test/rig.ts';
import { openPlaces } from './open-places.ts';

test('an account holds no more streams of events than its places, and one that closes frees its own', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  t.after(() => device.close());
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const path = `/v1/clusters/${cluster.id}/events?follow=true`;
  const closing = new AbortController();
  t.after(() => closing.abort());
  // Held: fetch closes the connection of a response that nobody holds any more.
  const held: Response[] = [];
  const open = async (signal = closing.signal) => {
    const said = await fetch(rig.url + path, { headers: { authorization: `Bearer ${rig.secret}` }, signal });
    held.push(said);
    return said;
  };
  const first = new AbortController();
  assert.equal((await open(first.signal)).status, 200);
  for (let i = 1; i < openLimits.streams.most; i++) assert.equal((await open()).status, 200);
  assert.ok(held.every(({ body }) => body?.locked === false));
  const { status, body, headers } = await rig.call('GET', path);
  assert.deepEqual([status, body.code, Number(headers.get('retry-after')) > 0], [429, 'connection.full', true]);
  first.abort();
  await until('a place', async () => (await open()).status === 200);
});

test('the same for tunnels; other accounts have their own', async (t) => {
  const rig = await startRig(t);
  const other = await rig.account('other');
  const open = (secret: string) =>
    new Promise<WebSocket | string>((resolve) => {
      const socket = new WebSocket(`${rig.url.replace('http', 'ws')}/v1/tunnel`, { headers: { authorization: `Bearer ${secret}` } });
      socket.once('unexpected-response', (_request, response) => {
        let text = '';
        response.on('data', (part) => (text += String(part)));
        response.on('end', () => resolve(`${response.statusCode} ${(JSON.parse(text) as { code: string }).code}`));
      });
      socket.once('open', () => resolve(socket));
      socket.on('error', () => undefined);
      t.after(() => socket.terminate());
    });
  const mine = [];
  for (let i = 0; i < openLimits.tunnels.most; i++) mine.push(await open(rig.secret));
  assert.ok(mine.every((each) => typeof each !== 'string'));
  assert.equal(await open(rig.secret), '429 connection.full');
  assert.notEqual(typeof (await open(other.secret)), 'string');
  (mine[0] as WebSocket).terminate();
  await until('a place', async () => typeof (await open(rig.secret)) !== 'string');
});

test('a connection that is gone before it is counted takes no place', () => {
  const places = openPlaces();
  const gone = Object.assign(new EventEmitter(), { destroyed: true });
  for (let i = 0; i < openLimits.tunnels.most; i++) assert.equal(places.hold('tunnels', 'acc', gone), undefined);
  assert.equal(places.hold('tunnels', 'acc', gone), undefined);
});

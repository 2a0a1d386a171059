// What a key opens and keeps open, for tests that end it.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { type Rig, until } from './rig.ts';

/** An open event stream and an open tunnel of this key; tells how many are still open. */
export async function openWith(rig: Rig, cluster: string, secret: string): Promise<() => number> {
  const headers = { authorization: `Bearer ${secret}` };
  const events = await fetch(`${rig.url}/v1/clusters/${cluster}/events?follow=true`, { headers });
  assert.equal(events.status, 200);
  let open = 2;
  const closed = (): void => void open--;
  events.text().then(closed, closed);
  const tunnel = new WebSocket(`${rig.url.replace('http', 'ws')}/v1/tunnel`, { headers });
  tunnel.on('error', () => undefined);
  await until('the tunnel to open', () => tunnel.readyState === tunnel.OPEN);
  tunnel.once('close', closed);
  return () => open;
}

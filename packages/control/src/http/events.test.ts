// A stream of events and a reader who does not read: no more than one part waits for them.
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { FastifyReply } from 'fastify';
import type { Call } from '../command.ts';
import type { ControlPorts } from '../ports.ts';
import { localSignals } from '../signals.ts';
import type { Key } from '../store/store.ts';
import { until } from '../test/rig.ts';
import { sendEvents } from './events.ts';
import { openPlaces } from './open-places.ts';

test('what has happened is sent part after part, as it is read', async (t) => {
  const events = 1_300;
  let asked = 0;
  const load = (keys: readonly Key[]) => {
    asked += keys.filter(({ kind }) => kind === 'event').length;
    return Promise.resolve(
      keys.map(({ kind, id }) => ({ row: kind === 'event' ? { seq: Number(id.split('/')[1]), detail: 'x' } : { account: 'own', events } })),
    );
  };
  const ports = { store: { load }, signals: localSignals() } as unknown as ControlPorts;
  let isReading = false;
  let goOn: (() => void) | undefined;
  let told = '';
  const out = Object.assign(
    new Writable({
      decodeStrings: false,
      highWaterMark: 1_000,
      write(text: string, _encoding, done) {
        told += text;
        if (isReading) setImmediate(done);
        else goOn = done;
      },
    }),
    { writeHead: () => undefined },
  );
  t.after(() => out.destroy());
  const reply = { raw: out, hijack: () => undefined, getHeaders: () => ({}) } as unknown as FastifyReply;
  const call = {
    params: { cluster: 'clu' },
    query: { follow: true },
    key: { id: 'key', account: 'own' },
  } as unknown as Call<'cluster.events'>;
  let isWatched = true;
  const watch = () => () => void (isWatched = false);
  await sendEvents(ports, { events: call }, { reply, lastEventId: undefined, watch, places: openPlaces() }, () => reply);
  await until('the first part', () => asked > 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked, 500);
  isReading = true;
  goOn?.();
  await until('the rest', () => told.includes('id: 1300\n'));
  assert.equal(asked, events);
  out.destroy();
  await until('its end', () => !isWatched);
});

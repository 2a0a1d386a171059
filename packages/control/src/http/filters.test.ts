// Lists with filters: what is asked for and nothing else, page by page, and cursors that hold for the same filters alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterView, DeviceView, EntryView } from '@iog/protocol';
import { admittedFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { startRig, until } from '../test/rig.ts';

interface Page<T> {
  readonly items: T[];
  readonly next: string | null;
}

test('devices, clusters and entries are listed by state, region, kind and time', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  const list = async <T>(path: string): Promise<Page<T>> => (await rig.call<Page<T>>('GET', path)).body;
  const counted = async (path: string): Promise<number> => (await list(path)).items.length;
  await fund(rig);
  for (const amount of ['1', '2', '3']) await fund(rig, amount);
  assert.equal((await createOf(rig, await quoteOf(rig))).status, 200);

  const { region } = await device.view();
  assert.equal(await counted('/v1/devices?state=admitted'), 1);
  assert.equal(await counted(`/v1/devices?state=admitted&region=${region}`), 1);
  assert.equal(await counted('/v1/devices?region=elsewhere'), 0);
  assert.equal(await counted('/v1/devices?state=draining'), 0);
  assert.equal((await rig.call<DeviceView>('GET', '/v1/devices?state=asleep')).body.code, 'request.malformed');
  const { items: clusters } = await list<ClusterView>('/v1/clusters');
  assert.equal(await counted(`/v1/clusters?state=${clusters[0]?.state}`), 1);
  assert.equal(await counted('/v1/clusters?state=ended'), 0);

  const { items: all } = await list<EntryView>('/v1/entries');
  assert.deepEqual(
    all.map(({ kind }) => kind),
    ['hold', 'faucet', 'faucet', 'faucet', 'faucet'],
  );
  const at = (i: number): number => all[i]?.at ?? 0;
  assert.ok(at(1) > at(3), 'control has no two commits in one millisecond');
  const within = await list<EntryView>(`/v1/entries?from=${at(3)}&to=${at(1)}`);
  assert.deepEqual([within.items, within.next], [all.filter((entry) => entry.at >= at(3) && entry.at < at(1)), null]);
  const between = await list<EntryView>(`/v1/entries?limit=2&from=${at(3)}`);
  assert.deepEqual(between.items, all.slice(0, 2));

  const seen: EntryView[] = [];
  let after = '';
  do {
    const page = await list<EntryView>(`/v1/entries?kind=faucet&limit=2${after}`);
    seen.push(...page.items);
    after = page.next === null ? '' : `&after=${page.next}`;
    if (page.next !== null)
      assert.equal((await rig.call('GET', `/v1/entries?kind=hold&after=${page.next}`)).body.code, 'cursor.foreign', 'of other filters');
  } while (after !== '');
  assert.deepEqual(seen, all.slice(1));
  device.close();
});

test('a stream that is cut goes on after the last event that was read: none is lost, none comes twice', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  await rig.call('POST', `/v1/clusters/${cluster.id}/end`, {});
  await until('its receipt', async () => (await rig.call('GET', `/v1/clusters/${cluster.id}/receipt`)).status === 200);
  const read = async (most: number, lastEventId?: string): Promise<{ ids: number[]; text: string[] }> => {
    const cut = new AbortController();
    const headers = { authorization: `Bearer ${rig.secret}`, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
    const url = `${rig.url}/v1/clusters/${cluster.id}/events?follow=${most < Infinity}`;
    const { body } = await fetch(url, { headers, signal: cut.signal });
    let text = '';
    for await (const part of body ?? []) {
      text += Buffer.from(part).toString();
      if (text.split('\n\n').length > most) break;
    }
    cut.abort();
    const events = text
      .split('\n\n')
      .filter((event) => event.startsWith('id: '))
      .slice(0, most);
    return { ids: events.map((event) => Number(/^id: (\d+)/.exec(event)?.[1])), text: events };
  };
  const whole = await read(Infinity);
  assert.ok(whole.ids.length >= 3, String(whole.ids.length));
  const pieces: string[] = [];
  let last: string | undefined;
  while (pieces.length < whole.ids.length) {
    const piece = await read(1, last);
    pieces.push(...piece.text);
    last = String(piece.ids.at(-1));
  }
  assert.deepEqual(pieces, whole.text);
  assert.deepEqual((await read(Infinity, last)).ids, []);
  device.close();
});

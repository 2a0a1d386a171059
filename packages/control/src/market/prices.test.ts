// Price books reprice the devices that follow them, some at a time; surveys become lines by region and samples by the hour.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prices, hourMs, makeId } from '@iog/protocol';
import { type BookRow, type DeviceRow, followBook, reprice, setBook } from '@iog/core';
import type { Call } from '../command.ts';
import { unitDevice, unitNow, unitRig } from '../test/unit-ports.ts';
import { repriceStep } from './price-books.ts';
import { marketSurvey, priceHandlers } from './price-history.ts';

const account = makeId('acc', unitNow, new Uint8Array(16).fill(7));
const other = makeId('acc', unitNow, new Uint8Array(16).fill(8));
const prices = (coreMicro: string): Prices => ({ coreMicro, memoryGbMicro: '1', gpuMicro: {} });
const device = (n: number, changes: Partial<DeviceRow> = {}) =>
  unitDevice({ id: makeId('dev', unitNow + n, new Uint8Array(16)), account, followsBook: true, prices: prices('5'), ...changes });

function booked(before: BookRow | undefined, coreMicro: string): BookRow {
  const set = setBook(before, account, prices(coreMicro), unitNow);
  assert.ok(set.ok);
  return set.value;
}

test('a book reprices all that follow it and nothing else, also when it changes on the way', async (t) => {
  const rig = unitRig(t);
  const gpu = { uuid: 'GPU-1', model: 'NVIDIA L4', memoryBytes: 1 };
  const own = device(300, { followsBook: false });
  const strange = device(301, { account: other });
  const unpriced = device(302, {
    units: { cores: [0], memoryBytes: 1, diskBytes: 0, gpus: [gpu] },
    prices: { ...prices('5'), gpuMicro: { default: '9' } },
  });
  const followers = Array.from({ length: 250 }, (_, i) => device(i + 1));
  const first = booked(undefined, '10');
  await rig.put(...followers, own, strange, unpriced, first);
  assert.equal(await repriceStep(rig.ports), true);
  const second = booked(first, '20');
  await rig.put(second);
  for (let steps = 0; await repriceStep(rig.ports); steps++) assert.ok(steps < 10);

  const core = async ({ id }: DeviceRow): Promise<string | undefined> => (await rig.row<DeviceRow>('device', id))?.prices.coreMicro;
  for (const each of followers) assert.equal(await core(each), '20');
  assert.deepEqual([await core(own), await core(strange), await core(unpriced)], ['5', '5', '5']);
  assert.deepEqual(await rig.row<BookRow>('book', account), { ...second, pricedTo: null });
});

test('own prices end the following, following takes the prices of the book', () => {
  const own = reprice(device(1), prices('77'));
  assert.ok(own.ok && !own.value.followsBook && own.value.prices.coreMicro === '77');
  const again = followBook(own.value, booked(undefined, '10'));
  assert.ok(again.ok && again.value.followsBook && again.value.prices.coreMicro === '10');
});

test('a sample an hour, once, whoever sweeps; the history is asked for by class and time', async (t) => {
  const rig = unitRig(t);
  const [one, two] = [marketSurvey(rig.ports), marketSurvey(rig.ports)];
  // A look that finds no device yet does not use up the hour's sample.
  for (const each of [one, two]) await each.end();
  for (let hour = 0; hour < 30; hour++) {
    for (const each of [one, two, one]) {
      each.take(
        device(1, {
          region: 'a',
          live: [{ lease: makeId('lea', 1, new Uint8Array(16)), slice: { cores: [0], memoryBytes: 1e9, gpus: [] } }],
        }),
      );
      await each.end();
    }
    rig.pass(hourMs);
  }
  const handlers = priceHandlers(rig.ports, one);
  const list = async (query: object) => {
    const outcome = await handlers['price.list'](call(query));
    assert.ok('answer' in outcome);
    return outcome.answer;
  };
  const all = await list({ class: 'core', limit: 1_000 });
  assert.equal(all.items.length, 30);
  assert.deepEqual(all.items[0], { ...all.items[0], at: unitNow, devices: 1, rented: 1, offered: null });
  assert.equal(all.items[0]?.rentedAt?.medianMicro, '5');
  const some = await list({ class: 'core', from: unitNow + 5 * hourMs, to: unitNow + 8 * hourMs });
  assert.deepEqual(
    some.items.map(({ at }) => (at - unitNow) / hourMs),
    [5, 6, 7],
  );
  let count = 0;
  for (let after: string | null | undefined; after !== null;) {
    const page = await list({ class: 'core', limit: 24, ...(after === undefined ? {} : { after }) });
    count += page.items.length;
    after = page.next;
  }
  assert.equal(count, 30);
  const market = await handlers['market.list'](call({ region: 'a', limit: 1 }));
  assert.ok('answer' in market);
  assert.equal(market.answer.items[0]?.class, 'core');
  assert.notEqual(market.answer.next, null);
});

function call(query: object): Call<'price.list'> & Call<'market.list'> {
  return { query } as unknown as Call<'price.list'> & Call<'market.list'>;
}

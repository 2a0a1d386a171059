// The words for minutes that are not proven, live and on the receipt, which says what it leaves out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laptopPolicy, type Ground, type MinuteView, type Receipt } from '@iog/protocol';
import { canonical, sha256hex } from '@iog/seal';
import { receiptText } from './receipt-text.ts';
import { reasonsOf, summaryOf } from './unproven.ts';

const laptop = sha256hex(canonical(laptopPolicy));
const share = (permille: number): Ground => ({ code: 'foreign.share', numbers: { permille, spanMs: 60_000 } });

function minute(k: number, grounds: Ground[], policy = laptop): MinuteView {
  const verdict = grounds.length === 0 ? 'proven' : 'unproven';
  return { k, from: 0, to: 60_000, ms: 60_000, verdict, basis: verdict === 'proven' ? 'declared' : null, grounds, method: 'proc', policy };
}

test("on one's own machine the share and its bound are told, and nobody is accused", () => {
  const told = "other programs of this machine used 61 % of the device's cores, more than the 50 % that the policy allows";
  assert.deepEqual(reasonsOf([minute(0, []), minute(1, [share(610)])]), [told]);
  assert.deepEqual(reasonsOf([minute(0, [share(610)]), minute(1, [share(555)])]), [told.replace('61 %', 'up to 61 %')]);
  assert.deepEqual(reasonsOf([minute(0, [{ code: 'chain.whole', numbers: {} }, share(700)], 'f'.repeat(64))]), [
    "other programs there used 70 % of the device's cores, more than the policy allows",
  ]);
});

test('each reason is told once, with its different shares', () => {
  const missed: Ground = { code: 'pulse.missed', numbers: { missed: 1, sent: 12 } };
  const minutes = [minute(0, [missed]), minute(1, [share(600), missed]), minute(2, [share(710)]), minute(3, [share(710)]), minute(4, [])];
  const { reasons, more } = summaryOf(minutes, 4);
  assert.equal(more, 0);
  assert.equal(reasons.length, 2);
  assert.match(reasons[1] ?? '', /used 60 %, 71 % of the device's cores/);
});

test('a receipt that cuts its reasons says how many more there are, and where', () => {
  const verdicts = Array.from({ length: 18 }, (_, k) => minute(k, [share(510 + k)]));
  const minutes = { proven: 0, unproven: 18, violated: 0, byBasis: {} };
  const lease = { deviceName: 'first', role: 'head', minutes, provenMs: 0, unprovenMs: 1, rateMicroPerHour: '1', paidMicro: '0', verdicts };
  const receipt = {
    cluster: 'clu_x',
    leases: [lease],
    currency: 'TUSD',
    heldMicro: '1',
    paidMicro: '0',
    refundedMicro: '1',
    feeMicro: '0',
  };
  const text = receiptText({ ...receipt, notice: 'no isolation' } as unknown as Receipt);
  assert.match(text, /first, unproven and refunded: .*; and 14 more; see `iog receipt clu_x --minutes`\n/);
  assert.match(text, /no isolation$/);
  assert.doesNotMatch(receiptText({ ...receipt, notice: 'no isolation' } as unknown as Receipt, { notice: false }), /isolation/);
});

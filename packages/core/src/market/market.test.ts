// What slices cost, what is offered, and the terms of a quote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Demand, type Quote, NameSchema, accruedUp, laptopPolicy as policy } from '@iog/protocol';
import { sampleAccount, sampleDevice, sampleGpu, sampleId, sampleNow as now } from '../fleet/sample-device.ts';
import { place } from '../placement/place.ts';
import { offerView } from './offer.ts';
import { checkQuote, quoteBody } from './quote.ts';
import { rateOf } from './rate.ts';

const prices = { coreMicro: '60000', memoryGbMicro: '5000', gpuMicro: { default: '9', H100: '1500000' } };
const gpus = [sampleGpu(0), sampleGpu(1, 'NVIDIA A10')];
const device = sampleDevice(1, { units: { cores: [0, 1, 2, 3], memoryBytes: 8_000_000_000, diskBytes: 0, gpus }, prices });
const demand: Demand = { nodes: 2, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 600_000 };

function quote(changes: Partial<Demand> = {}) {
  const wanted = { ...demand, ...changes };
  const placement = place([{ device, connected: true, rttMs: 3 }], wanted, now, policy);
  return quoteBody({ id: sampleId('quo', 1), account: sampleAccount, demand: wanted, placement, policy, policyHash: 'p', now });
}
function signed(): Quote {
  const body = quote();
  assert.ok(body.ok);
  return { ...body.value, signature: 's'.repeat(86) };
}

test('a rate is cores, memory rounded up, and each GPU at its own price', () => {
  const { rateMicroPerHour, breakdown } = rateOf(
    { cores: [0, 1], memoryBytes: 1_500_000_001, gpus: ['GPU-0', 'GPU-1'] },
    device.units,
    prices,
  );
  assert.equal(rateMicroPerHour, 120_000n + 7_501n + 1_500_000n + 9n);
  assert.deepEqual(
    breakdown.map(({ what, microPerHour }) => [what, microPerHour]),
    [
      ['cores', '120000'],
      ['memory MB', '7501'],
      ['NVIDIA H100 80GB HBM3', '1500000'],
      ['NVIDIA A10', '9'],
    ],
  );
});

test('the lines of a rate sum to it, and more memory never costs less', () => {
  fc.assert(
    fc.property(fc.nat(8_000_000_000), fc.nat(1_000_000), fc.bigInt(0n, 10n ** 9n), (memoryBytes, more, memoryGb) => {
      const at = (bytes: number) =>
        rateOf({ cores: [0], memoryBytes: bytes, gpus: [] }, device.units, { ...prices, memoryGbMicro: String(memoryGb) });
      const rate = at(memoryBytes);
      assert.equal(
        rate.breakdown.reduce((sum, line) => sum + BigInt(line.microPerHour), 0n),
        rate.rateMicroPerHour,
      );
      assert.ok(at(memoryBytes + more).rateMicroPerHour >= rate.rateMicroPerHour);
    }),
  );
});

test('an offer is what is free of a device that can be rented now', () => {
  const offer = offerView(device, { connected: true, rttMs: 1.2 }, now, policy);
  assert.ok(offer);
  assert.deepEqual([offer.cores, offer.latencyUpToMs, offer.wholeMicroPerHour], [4, 2, String(240_000 + 40_000 + 1_500_009)]);
  assert.equal(offerView(device, { connected: false, rttMs: 1 }, now, policy), null);
  assert.equal(offerView({ ...device, proof: null }, { connected: true, rttMs: 1 }, now, policy), null);
});

test('a quote names what it charges for; its cap is the whole time, or what the renter set', () => {
  const body = signed();
  const name = new RegExp((NameSchema as { readonly pattern?: string }).pattern ?? 'never');
  for (const { what } of body.nodes.flatMap(({ breakdown }) => breakdown)) assert.match(what, name);
  assert.deepEqual([body.rateMicroPerHour, body.capMicro], ['130000', String(accruedUp(130_000n, 600_000))]);
  const least = accruedUp(130_000n, 60_000);
  assert.ok(quote({ capMicro: String(least) }).ok);
  for (const capMicro of [String(least - 1n), '-1']) {
    const small = quote({ capMicro });
    assert.equal(!small.ok && small.rejection.code, 'request.refused');
  }
  const none = quote({ region: 'moon' });
  assert.deepEqual(!none.ok && none.rejection, { code: 'quote.empty', context: { reason: 'region: region moon' } });
});

test('a quote holds whole numbers only, so that it has one canonical spelling', () => {
  const body = quote({ memoryBytesPerNode: 1_500_000_001 });
  assert.ok(body.ok);
  JSON.stringify(body.value, (_, value: unknown) => {
    assert.ok(typeof value !== 'number' || Number.isSafeInteger(value), `${String(value)} is a fraction`);
    return value;
  });
});

test('a quote that comes back is refused when altered, foreign, expired, or of another policy', () => {
  const body = signed();
  const check = (signatureOk: boolean, account = sampleAccount, at = now, hash = 'p') =>
    checkQuote(body, signatureOk, account, at, hash)?.code;
  assert.equal(check(true), undefined);
  assert.equal(check(false), 'quote.altered');
  assert.equal(check(true, sampleId('acc', 2)), 'quote.foreign');
  assert.equal(check(true, sampleAccount, body.expiresAt - 1), undefined);
  assert.equal(check(true, sampleAccount, body.expiresAt), 'quote.expired');
  assert.equal(check(true, sampleAccount, now, 'other'), 'quote.expired');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { laptopPolicy, minuteMs, type Snapshot } from '@iog/protocol';
import type { PulseRecord, Sample } from '../rows.ts';
import { type MinuteEvidence, decideMinute } from './decide-minute.ts';
import { type ChainPlan, chain, placed } from './sample-chain.ts';

const from = 10_000_000;
const to = from + minuteMs;
const every10s = Array.from({ length: 12 }, (_, i) => from - 25_000 + i * 10_000);
const answered = (n: number): PulseRecord => ({ nonce: String(n), sentAt: from + n * 5_000, answeredAt: from + n * 5_000 + 30 });
const pulses = Array.from({ length: 12 }, (_, n) => answered(n));

function decide(samples: readonly Sample[], changes: Partial<MinuteEvidence> = {}) {
  const now = to + laptopPolicy.evidence.windowMs;
  return decideMinute({
    k: 3,
    from,
    to,
    samples,
    pulses,
    absences: [],
    cores: 2,
    policy: laptopPolicy,
    policyHash: 'p'.repeat(64),
    now,
    windowFrom: to,
    ...changes,
  });
}
function verdictOf(plan: Partial<ChainPlan>, changes: Partial<MinuteEvidence> = {}): string {
  const verdict = decide(placed(chain({ times: every10s, ...plan })), changes);
  if (!verdict) return 'open';
  const grounds = verdict.grounds.map(({ code }) => code).filter((code) => code !== 'chain.whole');
  return [verdict.kind, ...grounds].join(' ');
}
/** CPU that nobody accounts for, as a share of one core. */
const foreign =
  (share: number, since = 0) =>
  (_: number, at: number): Partial<Snapshot> => ({ tenantMs: 0, busyMs: Math.floor(share * Math.max(0, at - since)) });

test('an honest minute is proven as soon as its chain reaches its end', () => {
  assert.equal(verdictOf({}), 'proven');
  assert.equal(verdictOf({}, { now: to }), 'proven');
  assert.equal(decide(placed(chain({ times: every10s })))?.basis, 'declared');
});

for (const [name, expected, plan, changes] of [
  ['evidence is missing, the window is open', 'open', { times: every10s.slice(0, 4) }, { now: to + 29_999 }],
  ['control was down: the window counts its own uptime', 'open', { times: every10s.slice(0, 4) }, { windowFrom: to + 100_000 }],
  ['evidence is missing after the window', 'unproven chain.gap foreign.unmeasured', { times: every10s.slice(0, 4) }, {}],
  ['there is no evidence at all', 'unproven chain.missing', { times: [] }, {}],
  ['the end is missing by less than a gap', 'proven', { times: every10s.filter((at) => at < to - 10_000) }, {}],
  ['a pulse was missed', 'unproven pulse.missed', {}, { pulses: [...pulses, { nonce: 'x', sentAt: from + 1, answeredAt: null }] }],
  ['a pulse of another minute was missed', 'proven', {}, { pulses: [...pulses, { nonce: 'x', sentAt: to, answeredAt: null }] }],
  ['control sent no pulse: the chain decides', 'proven pulse.none-sent', {}, { pulses: [] }],
  [
    'control sent no pulse, and the chain has a hole',
    'unproven chain.gap pulse.none-sent',
    { times: every10s.filter((_, i) => i < 4 || i > 6) },
    { pulses: [] },
  ],
  ['half of two cores is foreign: at the threshold', 'proven', { changes: foreign(1) }, {}],
  ['more than half of two cores is foreign', 'unproven foreign.share', { changes: foreign(1.0005) }, {}],
  ['foreign time cannot be measured', 'unproven foreign.unmeasured', { changes: () => ({ method: 'none' }) }, {}],
  ['a counter went back and came again', 'unproven chain.contradiction', { changes: (i) => (i === 5 ? { busyMs: 0 } : {}) }, {}],
  [
    'a hole that began more than a minute earlier reaches into it',
    'unproven chain.gap',
    { times: every10s.map((at) => (at <= from ? at - 2 * minuteMs : at)) },
    {},
  ],
  ['the chain of the first minute begins with it', 'proven', { times: every10s.filter((at) => at > from) }, { k: 0 }],
  ['the worker restarted within a gap', 'proven', { segmentOf: (i) => (i < 6 ? 1 : 2) }, {}],
  [
    'a load before a restart is not hidden by it',
    'unproven foreign.share',
    { segmentOf: (i) => (i < 8 ? 1 : 2), changes: (i, at) => (i < 8 ? foreign(2)(i, at) : {}) },
    {},
  ],
  ['the worker restarts for each sample', 'unproven foreign.unmeasured', { segmentOf: (i) => i, changes: foreign(2) }, {}],
] as const satisfies readonly (readonly [string, string, Partial<ChainPlan>, Partial<MinuteEvidence>])[])
  test(`${name}: ${expected}`, () => assert.equal(verdictOf(plan, changes), expected));

test('the last minute waits for the closing sample, at the latest until the window ends', () => {
  const cut = from + 32_000;
  const closing = { changes: (i: number) => ({ closing: i === 6 }), times: every10s.slice(0, 7) };
  assert.equal(verdictOf({ times: every10s.slice(0, 7) }, { to: cut, now: cut + 10_000 }), 'open');
  assert.equal(verdictOf(closing, { to: cut, now: cut + 10_000 }), 'proven');
  assert.equal(verdictOf({ times: every10s.slice(0, 7) }, { to: cut }), 'proven closing.missing');
  assert.equal(verdictOf({ times: every10s.slice(0, 3) }, { to: cut }), 'unproven chain.gap closing.missing foreign.unmeasured');
});

const loaded = (i: number, at: number): Partial<Snapshot> => ({ ...foreign(1.5)(i, at), closing: i === 3 });

test('a last minute of two seconds takes the share of the span before it', () => {
  const times = [from - 22_000, from - 12_000, from - 500, from + 2_000];
  assert.equal(verdictOf({ times, changes: loaded }, { to: from + 2_000, pulses: [] }), 'unproven pulse.none-sent foreign.share');
  assert.equal(verdictOf({ times, changes: (i) => ({ closing: i === 3 }) }, { to: from + 2_000, pulses: [] }), 'proven pulse.none-sent');
});

test('a second sample in one place voids the minutes of both, and no other', () => {
  const taken = chain({ times: every10s });
  const at5 = taken[5];
  assert.ok(at5);
  const other = { ...at5, hash: 'e'.repeat(64) };
  const samples = placed([...taken.slice(0, 6), other, ...taken.slice(6)]);
  assert.equal(decide(samples)?.kind, 'unproven');
  assert.deepEqual(
    decide(samples)?.grounds.map(({ code }) => code),
    ['chain.contradiction'],
  );
  assert.equal(
    decide(samples, { from: from - minuteMs, to: from, pulses: [] })?.grounds.some(({ code }) => code === 'chain.contradiction'),
    false,
  );
});

test('a second sample for the one that bounds the minute voids it, whatever its own date', () => {
  const taken = chain({ times: every10s });
  const after = taken[9];
  assert.ok(after);
  const other = { ...after, hash: 'e'.repeat(64), arrivedAt: after.arrivedAt + 5_000 };
  assert.equal(decide(placed([...taken.slice(0, 10), other]))?.kind, 'unproven');
});

test('law: the verdict is the same for samples in any order, any of them twice, and with whatever came after the minute', () => {
  const times = Array.from({ length: 18 }, (_, i) => from - 25_000 + i * 10_000);
  const plans = fc.record({
    drop: fc.option(fc.nat(11)),
    restartAt: fc.option(fc.nat(11)),
    share: fc.constantFrom(0, 0.5, 1.5),
    delays: fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 18, maxLength: 18 }),
  });
  fc.assert(
    fc.property(
      plans,
      fc.array(fc.nat(17), { maxLength: 8 }),
      fc.infiniteStream(fc.nat()),
      fc.integer({ min: 0, max: 5 }),
      ({ drop, restartAt, share, delays }, twice, keys, cutOff) => {
        const taken = chain({
          times,
          segmentOf: (i) => (restartAt !== null && i >= restartAt ? 2 : 1),
          delayMs: (i) => delays[i] ?? 0,
          changes: foreign(share),
        });
        const samples = placed(taken.filter((_, i) => i !== drop));
        const wanted = decide(samples);
        const doubled = [...samples, ...twice.flatMap((i) => samples[i] ?? [])];
        const shuffled = doubled.map((sample) => ({ sample, key: keys.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
        assert.deepEqual(decide(shuffled.map(({ sample }) => sample)), wanted);
        const end = samples.findIndex((sample) => sample.at >= to);
        if (end >= 0) assert.deepEqual(decide(samples.slice(0, end + 1 + cutOff)), wanted);
      },
    ),
  );
});

test('law: an honest chain is proven however its samples are spaced, up to the gap that the policy allows', () => {
  const gap = fc.integer({ min: 2_000, max: laptopPolicy.evidence.maxGapMs });
  fc.assert(
    fc.property(fc.array(gap, { minLength: 60, maxLength: 60 }), (gaps) => {
      let at = from - 30_000;
      const times = [at, ...gaps.map((ms) => (at += ms))].filter((time) => time < to + 60_000);
      assert.equal(verdictOf({ times, delayMs: () => 0 }), 'proven');
    }),
  );
});

test('law: evidence spooled during a cut and sent afterwards proves as much as it would have proven in time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 0, max: 300_000 }), (cutAt, lastedMs) => {
      const delayMs = (i: number): number => (i < cutAt ? 0 : lastedMs);
      assert.equal(verdictOf({ delayMs }, { pulses: [] }), 'proven pulse.none-sent');
    }),
  );
});

test('law: a sample that is missing inside the minute never leaves it proven', () => {
  const inside = every10s.flatMap((at, i) => (at > from && at < to ? [i] : []));
  fc.assert(
    fc.property(fc.constantFrom(...inside), (drop) => {
      const samples = placed(chain({ times: every10s }).filter((_, i) => i !== drop));
      assert.equal(decide(samples)?.kind, 'unproven');
    }),
  );
});

const limitMs = laptopPolicy.session.pulseEveryMs + laptopPolicy.session.pulseWithinMs;
const away = (since: number, ms: number) => ({ from: since, to: since + ms });
for (const [name, expected, absences] of [
  ['as long as a pulse may take', 'proven', [away(from + 10_000, limitMs)]],
  ['longer', 'unproven pulse.missed', [away(from + 10_000, limitMs + 1)]],
  ['often, but never for long', 'proven', [away(from, 14_000), away(from + 15_000, 14_000), away(from + 30_000, 14_000)]],
  ['longer, over the edge of the next minute', 'unproven pulse.missed', [away(to - 8_000, limitMs + 1)]],
  ['longer, but here for less than a pulse', 'proven', [away(to - 5_000, limitMs + 1)]],
  ['longer, in another minute', 'proven', [away(to, 2 * limitMs)]],
] as const) {
  test(`the device is away ${name}: ${expected}`, () => assert.equal(verdictOf({}, { absences }), expected));
}

test('the ground says how long the device was away, whether a pulse was sent to it or not', () => {
  const absences = [away(from - 9_000, 20_000), away(from + 30_000, 16_000), away(from + 50_000, 1_000)];
  const samples = placed(chain({ times: every10s }));
  const grounds = (changes: Partial<MinuteEvidence>) =>
    decide(samples, { absences, ...changes })?.grounds.filter(({ code }) => code.startsWith('pulse'));
  assert.deepEqual(grounds({}), [{ code: 'pulse.missed', numbers: { missed: 0, sent: 12, absentMs: 27_000 } }]);
  assert.deepEqual(grounds({ pulses: [] }), [{ code: 'pulse.missed', numbers: { missed: 0, sent: 0, absentMs: 27_000 } }]);
});

test('law: wherever a long absence lies, it fails a minute; a short one fails none', () => {
  const policies = fc
    .record({ pulseEveryMs: fc.integer({ min: 1, max: 30_000 }), pulseWithinMs: fc.integer({ min: 1, max: 30_000 }) })
    .map((times) => ({ ...laptopPolicy, session: { ...laptopPolicy.session, ...times } }));
  fc.assert(
    fc.property(policies, fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 100 }), (policy, overMs, percent) => {
      const longestMs = policy.session.pulseEveryMs + policy.session.pulseWithinMs;
      const ms = longestMs + overMs;
      // Anywhere across the edge of the two minutes.
      const absences = [away(to - Math.floor((percent * ms) / 100), ms)];
      const times = Array.from({ length: 20 }, (_, i) => from - 25_000 + i * 10_000);
      const samples = placed(chain({ times }));
      const verdicts = [from, to].map((start) =>
        decide(samples, { from: start, to: start + minuteMs, now: to + 2 * minuteMs, pulses: [], absences, policy }),
      );
      assert.equal(
        verdicts.some((verdict) => verdict?.kind === 'unproven'),
        ms > longestMs,
      );
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accrued, minuteMs } from '@iog/protocol';
import { BrokenLaw } from '../law.ts';
import { sampleLeaseRow } from '../ledger/sample-cluster.ts';
import type { LeaseRow, MinuteRow, Verdict } from '../rows.ts';
import { applyVerdict, minuteBounds, minuteId } from './minute.ts';

const startedAt = 1_000_000;
const verdict = (kind: Verdict['kind']): Verdict => ({
  kind,
  basis: kind === 'proven' ? 'declared' : null,
  grounds: [],
  method: 'schedstat',
  policy: 'p',
  decidedAt: 0,
});
const minuteOf = (lease: LeaseRow, k: number): MinuteRow => ({
  kind: 'minute',
  id: minuteId(lease.id, k),
  lease: lease.id,
  k,
  samples: [],
  pulses: [],
  absences: [],
  ...minuteBounds(startedAt, null, k),
  verdict: null,
});

test('minutes are named in order of time', () => {
  const lease = sampleLeaseRow(1);
  assert.equal(minuteId(lease.id, 7), `${lease.id}/00000007`);
  assert.ok(minuteId(lease.id, 9) < minuteId(lease.id, 10));
});

test('law: the minutes of a lease cover T1 to T2 once, without a hole', () => {
  fc.assert(
    fc.property(fc.nat(10 * minuteMs), (ranMs) => {
      const bounds = Array.from({ length: Math.ceil(ranMs / minuteMs) }, (_, k) => minuteBounds(startedAt, startedAt + ranMs, k));
      assert.equal(
        bounds.reduce((sum, { from, to }) => sum + to - from, 0),
        ranMs,
      );
      assert.ok(bounds.every(({ from, to }, k) => to > from && from === (bounds[k - 1]?.to ?? startedAt)));
    }),
  );
});

test('a verdict is given once, and in order', () => {
  const lease = sampleLeaseRow(1, { startedAt });
  const applied = applyVerdict(lease, minuteOf(lease, 0), verdict('proven'), minuteMs);
  assert.throws(() => applyVerdict(applied.lease, applied.minute, verdict('unproven'), minuteMs), BrokenLaw);
  assert.throws(() => applyVerdict(lease, minuteOf(lease, 1), verdict('proven'), minuteMs), BrokenLaw);
  assert.throws(() => applyVerdict(lease, minuteOf(lease, 0), verdict('proven'), minuteMs + 1), BrokenLaw);
});

test('law: only proven time accrues, and every minute is counted once', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('proven', 'unproven', 'violated'), { maxLength: 50 }), (kinds) => {
      let lease = sampleLeaseRow(1, { startedAt });
      for (const [k, kind] of kinds.entries()) ({ lease } = applyVerdict(lease, minuteOf(lease, k), verdict(kind), minuteMs));
      assert.equal(lease.nextMinute, kinds.length);
      assert.equal(lease.minutesProven + lease.minutesUnproven + lease.minutesViolated, kinds.length);
      assert.equal(lease.provenMs, kinds.filter((kind) => kind === 'proven').length * minuteMs);
      assert.equal(lease.provenMs + lease.unprovenMs, kinds.length * minuteMs);
      assert.equal(lease.accruedMicro, accrued(lease.rateMicroPerHour, lease.provenMs));
    }),
  );
});

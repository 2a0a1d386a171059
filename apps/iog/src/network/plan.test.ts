// Devices of one host: every core in exactly one of them while there are enough, and memory with head-room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isShared, planHost } from './plan.ts';

test('core sets are disjoint, whole and even; memory never passes the host', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 64 }),
      fc.integer({ min: 1, max: 16 }),
      (cores, devices) => {
        const memoryBytes = 64e9;
        const { devices: plans, shared } = planHost(cores, memoryBytes, devices);
        assert.equal(plans.length, devices);
        assert.equal(shared, cores.length < devices);
        assert.equal(
          plans.some((plan) => isShared(plan, plans)),
          shared,
        );
        assert.ok(plans.reduce((sum, plan) => sum + plan.memoryBytes, 0) <= memoryBytes * 0.75);
        assert.equal(new Set(plans.map(({ name }) => name)).size, devices);
        const sizes = plans.map((plan) => plan.cores.length);
        assert.ok(Math.min(...sizes) >= 1);
        if (shared) return;
        assert.deepEqual(
          plans.flatMap((plan) => plan.cores),
          cores,
        );
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      },
    ),
  );
});

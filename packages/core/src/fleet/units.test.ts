// No unit is ever in two slices, whatever is taken and given back in whatever order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DeviceRow } from '../rows.ts';
import { sampleDevice, sampleGpu, sampleLease } from './sample-device.ts';
import { freeUnits, returnSlice, takeSlice } from './units.ts';

const units = { cores: [3, 0, 1, 2], memoryBytes: 1_000, diskBytes: 0, gpus: [sampleGpu(0), sampleGpu(1)] };

const step = fc.oneof(
  fc.record({ lease: fc.nat(5), give: fc.constant(true) }),
  fc.record({
    lease: fc.nat(5),
    give: fc.constant(false),
    cores: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
    memoryBytes: fc.nat(1_200),
    gpus: fc.array(fc.constantFrom('GPU-0', 'GPU-1', 'GPU-2'), { maxLength: 2 }),
  }),
);

function checkDisjoint(device: DeviceRow): void {
  const cores = device.live.flatMap(({ slice }) => slice.cores);
  const gpus = device.live.flatMap(({ slice }) => slice.gpus);
  const free = freeUnits(device);
  assert.deepEqual(
    [...cores, ...free.cores].toSorted((a, b) => a - b),
    [0, 1, 2, 3],
  );
  assert.deepEqual([...gpus, ...free.gpus.map((gpu) => gpu.uuid)].toSorted(), ['GPU-0', 'GPU-1']);
  assert.equal(
    device.live.reduce((sum, { slice }) => sum + slice.memoryBytes, free.memoryBytes),
    1_000,
  );
  assert.equal(new Set(device.live.map(({ lease }) => lease)).size, device.live.length);
}

test('every unit is free or in exactly one live slice, after any steps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let device = sampleDevice(1, { units });
      for (const one of steps) {
        const lease = sampleLease(one.lease);
        if ('cores' in one) {
          const taken = takeSlice(device, lease, { cores: one.cores, memoryBytes: one.memoryBytes, gpus: one.gpus });
          if (taken.ok) device = taken.value;
          else assert.equal(taken.rejection.code, 'units.taken');
        } else device = returnSlice(device, lease);
        checkDisjoint(device);
      }
    }),
  );
});

test('what is taken and given back is free again, and taking the same again changes nothing', () => {
  const device = sampleDevice(1, { units });
  const slice = { cores: [1, 0], memoryBytes: 600, gpus: ['GPU-1'] };
  const taken = takeSlice(device, sampleLease(1), slice);
  assert.ok(taken.ok);
  assert.deepEqual(freeUnits(taken.value), { cores: [2, 3], memoryBytes: 400, gpus: [sampleGpu(0)] });
  assert.deepEqual(takeSlice(taken.value, sampleLease(1), slice), { ok: true, rows: [], value: taken.value });
  assert.equal(takeSlice(taken.value, sampleLease(1), { ...slice, cores: [2] }).ok, false);
  assert.deepEqual(returnSlice(taken.value, sampleLease(1)), device);
  assert.equal(returnSlice(device, sampleLease(1)), device);
});

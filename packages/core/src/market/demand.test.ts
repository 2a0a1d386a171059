// What a demand may not ask for, each with its reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Demand } from '@iog/protocol';
import { sampleId } from '../fleet/sample-device.ts';
import { contradiction, nodesOf, shapesOf } from './demand.ts';

const demand: Demand = { nodes: 2, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 3_600_000 };
const group = { nodes: 3, coresPerNode: 4, memoryBytesPerNode: 2_000_000_000 };
const [one, other] = [sampleId('acc', 1), sampleId('acc', 2)];

for (const [asked, said] of [
  [{ more: Array.from({ length: 7 }, () => ({ ...group, nodes: 10 })) }, /72 nodes, and a cluster has at most 64/],
  [{ more: [{ ...group, durationMs: 7_200_000 }] }, /for 2 h outlasts its cluster, which is for 1 h/],
  [{ cuda: '12.8' }, /no node asks for one/],
  [{ maxMicroPerHour: '-1' }, /maxMicroPerHour is below zero/],
  [{ capMicro: '-1' }, /capMicro is below zero/],
  [{ suppliers: [one, other], withoutSuppliers: [other] }, new RegExp(`${other} is both`)],
  [{ suppliers: [one], spreadOver: 'suppliers' }, /2 nodes, each of another supplier/],
] as const satisfies readonly (readonly [Partial<Demand>, RegExp])[]) {
  test(`refused: ${said.source}`, () => {
    const rejection = contradiction({ ...demand, ...asked });
    assert.equal(rejection?.code, 'request.refused');
    assert.match(String(rejection.context['detail']), said);
  });
}

test('what fits together is not refused, and its groups are counted in their order', () => {
  const asked: Demand = { ...demand, more: [{ ...group, gpu: { count: 1 }, durationMs: 3_600_000 }], cuda: '12.8', suppliers: [one] };
  assert.equal(contradiction(asked), undefined);
  assert.equal(contradiction(demand), undefined);
  assert.equal(nodesOf(asked), 5);
  assert.deepEqual(
    shapesOf(asked).map(({ nodes }) => nodes),
    [2, 3],
  );
});

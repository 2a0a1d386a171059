// What is written on the command line, and the demand that it means.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Demand } from '@iog/protocol';
import { parseCommandLine } from '../arguments.ts';
import { type Command, takesNothing } from '../command.ts';
import { demandOf, demandOptions, nodeCount } from './demand.ts';

const quote: Command = { ...takesNothing, name: 'quote', summary: '', options: demandOptions, examples: [], run: () => Promise.resolve() };
const asked = (...words: string[]): Demand => demandOf(parseCommandLine(quote, words));
const plain: Demand = { nodes: 2, coresPerNode: 1, memoryBytesPerNode: 2_000_000_000, durationMs: 1_800_000 };
const account = `acc_${'0'.repeat(26)}`;

for (const [words, means] of [
  [[], {}],
  [['--gpu', 'NVIDIA L4'], { gpu: { model: 'NVIDIA L4', count: 1 } }],
  [['--gpu', 'H100', '--gpus', '4'], { gpu: { model: 'H100', count: 4 } }],
  [['--gpu', 'h100:2'], { gpu: { model: 'h100', count: 2 } }],
  [['--gpu', '24GB+'], { gpu: { memoryBytes: 24e9, count: 1 } }],
  [['--gpu', '1.5GiB+:3'], { gpu: { memoryBytes: 1_610_612_736, count: 3 } }],
  [['--gpu', 'any:8', '--cuda', '12.8'], { gpu: { count: 8 }, cuda: '12.8' }],
  [
    ['--tier', 'high', '--region', 'eu', '--reputation', '.9', '--isolation', 'Container'],
    { tier: 'high', region: 'eu', reputationPermille: 900, isolation: 'container' },
  ],
  [['--supplier', account, '--supplier', account, '--spread'], { suppliers: [account], spreadOver: 'suppliers' }],
  [['--without-supplier', account, '--max-rate', '1.5'], { withoutSuppliers: [account], maxMicroPerHour: '1500000' }],
  [
    ['--member', '4x cores=2,memory=8GB,gpu=H100:1,for=10m', '--member', ' cores=3 '],
    {
      nodes: 1,
      more: [
        { nodes: 4, coresPerNode: 2, memoryBytesPerNode: 8e9, gpu: { model: 'H100', count: 1 }, durationMs: 600_000 },
        { nodes: 1, coresPerNode: 3, memoryBytesPerNode: 2e9 },
      ],
    },
  ],
  [['--nodes', '3', '--member', '2X memory=1GiB'], { nodes: 3, more: [{ nodes: 2, coresPerNode: 1, memoryBytesPerNode: 1_073_741_824 }] }],
] as const) {
  test(`iog quote ${words.join(' ')}`, () => {
    assert.deepEqual(asked(...words), { ...plain, ...means });
  });
}

test('nodes are counted over all groups', () => {
  assert.deepEqual([nodeCount(asked()), nodeCount(asked('--member', '4x', '--member', 'cores=1'))], [2, 6]);
});

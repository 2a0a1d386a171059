// Which names mean which GPU, and what it costs under them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gpuPriceMicro, isModel } from './gpu-model.ts';

const cases: readonly (readonly [string, string, boolean])[] = [
  ['H100', 'NVIDIA H100 80GB HBM3', true],
  ['nvidia-h100', 'NVIDIA H100 80GB HBM3', true],
  ['rtx4090', 'NVIDIA GeForce RTX 4090', true],
  ['A100 SXM4', 'NVIDIA A100-SXM4-80GB', true],
  ['A10', 'NVIDIA A100-SXM4-80GB', false],
  ['L40', 'NVIDIA L40S', false],
  ['H200', 'NVIDIA H100 80GB HBM3', false],
  ['.', 'NVIDIA H100', false],
  ['-', 'NVIDIA H100', false],
];
for (const [wanted, model, is] of cases) {
  test(`${wanted} ${is ? 'is' : 'is not'} in ${model}`, () => assert.equal(isModel(wanted, model), is));
}

test('a GPU costs what its exact name says, else what the longest name in it says, else the default', () => {
  const prices = { default: '1', h100: '2', 'NVIDIA H100': '3', 'nvidia h100 pcie': '4' };
  assert.equal(gpuPriceMicro(prices, 'NVIDIA H100 PCIe'), 4n);
  assert.equal(gpuPriceMicro(prices, 'NVIDIA H100 80GB HBM3'), 3n);
  assert.equal(gpuPriceMicro(prices, 'GH100'), 1n);
  assert.equal(gpuPriceMicro({ h100: '2' }, 'NVIDIA A100'), undefined);
});

// Tables, sizes and core lists: examples, and the laws of reading back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { coreRanges, formatBytes, formatCores, money, pairs, parseBytes, parseCores, table } from './format.ts';

test('a table is aligned, numbers to the right, without trailing spaces', () => {
  const text = table(
    ['name', 'n'],
    [
      ['a', '1'],
      ['long name', '12'],
    ],
    [1],
  );
  assert.equal(text, 'name        n\na           1\nlong name  12');
  assert.equal(
    pairs([
      ['a', '1'],
      ['bcd', ''],
    ]),
    'a    1\nbcd',
  );
});

test('sizes', () => {
  assert.equal(parseBytes('2GB'), 2_000_000_000);
  assert.equal(parseBytes('1.5 GiB'), 1_610_612_736);
  assert.equal(parseBytes('500mb'), 500_000_000);
  for (const wrong of ['', 'GB', '2XB', '-1GB', '1e9', '9'.repeat(15) + 'TB']) assert.equal(parseBytes(wrong), undefined, wrong);
  assert.equal(formatBytes(2_000_000_000), '2.0 GB');
  assert.equal(formatBytes(12), '12 B');
});

test('money carries its currency', () => assert.equal(money('1500000', 'TUSD'), '1.50 TUSD'));

test('cores are told as how many, then which', () => {
  assert.equal(formatCores([0]), '1 core (0)');
  assert.equal(formatCores([0, 1, 2, 5]), '4 cores (0-2,5)');
  assert.equal(formatCores([]), '');
});

test('what is written as cores is read back as the same cores', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1 }), (cores) => {
      assert.deepEqual(
        parseCores(coreRanges(cores)),
        cores.toSorted((a, b) => a - b),
      );
    }),
  );
  for (const wrong of ['', 'a', '3-1', '1,', '1--2']) assert.equal(parseCores(wrong), undefined, wrong);
});

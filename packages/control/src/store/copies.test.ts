// Copies equal the value, order of fields included, and share nothing of it that could be changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, object, oneof, property } from 'fast-check';
import { copier } from './copies.ts';

const plain = oneof(object({ withBigInt: true, maxDepth: 4, withNullPrototype: false }), array(object({ maxDepth: 3 })));

test('a copy is equal, field by field in order', () => {
  check(
    property(plain, (value) => {
      const copy = copier(value);
      assert.deepEqual(copy(), value);
      assert.equal(spelled(copy()), spelled(value));
    }),
  );
});

test('what a taker does to its copy, no other sees', () => {
  check(
    property(plain, (value) => {
      const before = spelled(value);
      const copy = copier(value);
      spoil(copy());
      assert.equal(spelled(copy()), before);
    }),
  );
});

test('a field of the name __proto__ is a field', () => {
  const value = JSON.parse('{"__proto__":{"a":[1]},"b":{"__proto__":2}}') as object;
  assert.equal(JSON.stringify(copier(value)()), JSON.stringify(value));
});

function spelled(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) => (typeof field === 'bigint' ? `${field}n` : field === undefined ? 'none' : field));
}

function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const field of Object.values(value)) spoil(field);
  for (const name of Object.keys(value)) delete (value as Record<string, unknown>)[name];
  (value as Record<string, unknown>)['spoilt'] = true;
}

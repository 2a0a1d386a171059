import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { PolicySchema, laptopPolicy, policies } from './policy.ts';

test('every policy fits its schema, and so does one that says nothing of what may be left out', () => {
  const schema = Compile(PolicySchema);
  for (const policy of Object.values(policies)) assert.ok(schema.Check(policy), policy.name);
  assert.deepEqual(Object.keys(laptopPolicy.minimum), ['cores', 'memoryBytes']);
  assert.ok(!schema.Check({ ...laptopPolicy, minimum: { ...laptopPolicy.minimum, colour: 1 } }));
});

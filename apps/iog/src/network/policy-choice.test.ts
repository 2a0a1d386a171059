// A network keeps the policy that it was started under, until another is named.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { policyChoice } from './policy-choice.ts';

test('what was named once is kept, another name replaces it, and a name of no policy is refused', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-policy-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const named = (given?: string): string => policyChoice(dir, given).policy.name;
  assert.equal(named(), 'laptop');
  policyChoice(dir, 'production').remember();
  assert.deepEqual([named(), named('laptop'), named()], ['production', 'laptop', 'production']);
  policyChoice(dir, 'laptop').remember();
  assert.equal(named(), 'laptop');
  assert.throws(() => named('nothing'), /--policy takes laptop or production, not "nothing"/);
  fs.writeFileSync(path.join(dir, 'policy'), '__proto__');
  assert.throws(() => named(), /takes laptop or production/);
});

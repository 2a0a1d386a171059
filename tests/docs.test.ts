// The documents that are made of the code are what the code would make of them now.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { generated } from '../scripts/docs/generated.ts';

const root = path.join(import.meta.dirname, '..');

for (const [file, text] of generated()) {
  test(`${file} is what \`npm run docs\` makes`, () => {
    const found = fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file), 'utf8') : '';
    assert.ok(found === text, `${file} is out of date: run \`npm run docs\`, and commit what it writes`);
  });
}

// Every sabotage still finds the code that it puts wrong, in one place: else it would change nothing and be called caught by nobody.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sabotages } from './list.ts';

const root = path.join(import.meta.dirname, '../../../..');

test('each sabotage has one place, and a name of its own', () => {
  const lost = sabotages.flatMap(({ name, edits }) =>
    edits.flatMap(({ file, find }) => {
      const places = readFileSync(path.join(root, file), 'utf8').split(find).length - 1;
      return places === 1 ? [] : [`${name}: ${places} places in ${file}`];
    }),
  );
  assert.deepEqual(lost, []);
  assert.equal(new Set(sabotages.map(({ name }) => name)).size, sabotages.length);
  assert.ok(sabotages.length >= 20);
});

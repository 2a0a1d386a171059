import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonical } from './canonical.ts';

const text = (value: unknown): string => new TextDecoder().decode(canonical(value));
const refused = { code: 'seal.not-canonical' };

test('each value has its one spelling', () => {
  assert.equal(text({ b: 1, a: [true, null, 'é"\n'], B: { z: 0, y: undefined } }), '{"B":{"z":0},"a":[true,null,"é\\"\\n"],"b":1}');
  assert.equal(text(-0), '0');
  assert.equal(text(10n ** 30n), `"${'1'.padEnd(31, '0')}"`);
  assert.equal(text({ ['__proto__']: 1, 2: 1, 10: 1 }), '{"10":1,"2":1,"__proto__":1}');
  assert.equal(text('\u{1f600}'), '"\u{1f600}"');
});

test('what has no one spelling is refused', () => {
  const hole: unknown[] = [];
  hole.length = 1;
  let deep: unknown = 0;
  for (let i = 0; i < 70; i++) deep = [deep];
  const values = [Number.NaN, Infinity, 0.5, 2 ** 53, undefined, [undefined], hole, () => 1, Symbol('s'), new Date(0), new Map(), deep];
  for (const value of [...values, new Uint8Array(1), '\ud800', { '\ud800': 1 }]) assert.throws(() => canonical(value), refused);
});

const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('node'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('node'), { maxKeys: 5 }),
  ),
})).node;

test('law: the spelling parses back to the value, and spelling that again changes nothing', () => {
  fc.assert(
    fc.property(value, (given) => {
      const spelled = text(given);
      const parsed: unknown = JSON.parse(spelled);
      assert.equal(text(parsed), spelled);
      assert.equal(JSON.stringify(sorted(parsed)), JSON.stringify(sorted(given)));
    }),
  );
});

test('law: the order in which fields were set does not matter', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), (given) => {
      assert.equal(text(Object.fromEntries(Object.entries(given).toReversed())), text({ ...given }));
    }),
  );
});

function sorted(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(sorted);
  if (typeof given !== 'object' || given === null) return given;
  return Object.entries(given)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => [key, sorted(field)]);
}

// Places of links that are no session yet: one network cannot take them all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strangers } from './strangers.ts';

test('one network takes no more than its part once many places are taken; others still come in; a place is given back once', () => {
  const places = strangers({ strangers: 10, crowded: 5, ofOneNetwork: 2 });
  const first = Array.from({ length: 5 }, () => places.enter('a'));
  assert.ok(first.every((leave) => leave));
  assert.equal(places.enter('a'), undefined);
  const others = ['b', 'b', 'c'].map((network) => places.enter(network));
  assert.ok(others.every((leave) => leave));
  assert.equal(places.enter('b'), undefined);
  assert.ok(places.enter(undefined) && places.enter('d'), 'to the last place');
  assert.equal(places.enter('e'), undefined);
  others[0]?.();
  others[0]?.();
  assert.ok(places.enter('e'), 'one place is free');
  assert.equal(places.enter('f'), undefined, 'and only one');
});

import assert from 'node:assert/strict';
import { argon2Sync } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from './bytes.ts';
import { argon2Chain, threadSalt } from './capacity-work.ts';

const salt = new Uint8Array(32).fill(3);
const work = { salt, memoryKib: 64, passes: 1, links: 3 };

test('the chain is its links, one after the other', () => {
  let link: Uint8Array = salt;
  for (let made = 0; made < 3; made++) {
    link = argon2Sync('argon2id', { message: link, nonce: salt, parallelism: 1, tagLength: 32, memory: 64, passes: 1 });
  }
  assert.equal(toHex(argon2Chain(work)), toHex(link));
});

test('a chain once written down stays the same for ever', () => {
  assert.equal(toHex(argon2Chain(work)), '877e6e8257b2295dd0e9e722cceaf44f4e7f7eb35e7848a4e223f4f05b0b08b6');
});

test('each number of the work counts, and so does the thread', () => {
  const answers = [
    work,
    { ...work, links: 4 },
    { ...work, passes: 2 },
    { ...work, memoryKib: 128 },
    { ...work, salt: threadSalt(salt, 0) },
  ];
  answers.push({ ...work, salt: threadSalt(salt, 1) });
  assert.equal(new Set(answers.map((given) => toHex(argon2Chain(given)))).size, 6);
});

test('work outside of the limits is refused before it begins', () => {
  for (const change of [
    { links: 0 },
    { links: 1.5 },
    { passes: 0 },
    { passes: 65 },
    { memoryKib: 7 },
    { memoryKib: 2 ** 30 },
    { salt: new Uint8Array(8) },
  ]) {
    assert.throws(() => argon2Chain({ ...work, ...change }), { code: 'seal.malformed' });
  }
});

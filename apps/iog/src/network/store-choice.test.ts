import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseCommandLine } from '../arguments.ts';
import { upCommand } from '../commands/up.ts';
import { environment } from '../environment.ts';
import { UsageError } from '../failure.ts';
import { storeUrl, withSchema, withStore, withoutStore } from './store-choice.ts';

const chosen = (words: string[], from: Record<string, string> = {}) => storeUrl(parseCommandLine(upCommand, words), environment(from));

test('the option goes before the environment; without both, rows are in a file', () => {
  assert.equal(chosen([]), undefined);
  assert.equal(chosen([], { IOG_STORE: 'postgres://a@b/c' }), 'postgres://a@b/c');
  assert.equal(chosen(['--store', 'postgresql://d@e/f'], { IOG_STORE: 'postgres://a@b/c' }), 'postgresql://d@e/f');
});

test('an address that is none is wrong usage, and is not repeated', () => {
  for (const wrong of ['mysql://u:s3cret@h/d', 's3cret', 'postgres://', 'postgres://u:s3cret@h:port/d'])
    assert.throws(
      () => chosen(['--store', wrong]),
      (error) => error instanceof UsageError && !error.message.includes('s3cret'),
    );
});

test('control has the address in its environment, workers have not', () => {
  const env = { HOME: '/h', IOG_STORE: 'postgres://x:s3cret@h/d', PGPASSWORD: 's3cret' };
  assert.equal(withStore(env, 'postgres://y@h/d')['IOG_STORE'], 'postgres://y@h/d');
  assert.deepEqual(JSON.parse(JSON.stringify(withoutStore(env))), { HOME: '/h' });
  assert.equal(withSchema('postgres://u@h:5/d?schema=iog', 'other'), 'postgres://u@h:5/d?schema=other');
});

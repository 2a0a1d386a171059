// What a command says of an error: a network that refuses is told apart from one that does not answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tell } from './failure.ts';

const fault = (message: string, code?: string) => Object.assign(new Error(message), { name: 'HttpFault', code });

test('a refusal of the network keeps its code and next step; an answer that is none of the network points at the network', () => {
  const refused = tell(fault('The join token has let in 1 devices. Make another.', 'token.used'));
  assert.deepEqual(refused.lines, ['error: The join token has let in 1 devices. Make another.', 'code: token.used']);
  assert.match(tell(fault('GET /v1/network answered 502 without JSON')).lines.join('\n'), /network is up/);
});

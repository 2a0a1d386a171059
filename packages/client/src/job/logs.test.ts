// The two sources of a log, and its result line: every byte once, in order, whichever source is ahead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ClusterId, JobId } from '@iog/protocol';
import { generateAgeIdentity, sealTo } from '@iog/seal';
import type { IogClient } from '../api/iog-client.ts';
import { followLog, position, savedLog } from './logs.ts';
import { resultIn } from './result.ts';
import { shellLine } from './submit.ts';

test('each byte of the log is given once, in order, for any interleaving of tail and segments', () => {
  const bytes = Buffer.from(Array.from({ length: 200 }, (_, i) => i));
  const steps = fc.array(fc.record({ kind: fc.constantFrom('tail', 'segment', 'again'), size: fc.integer({ min: 1, max: 40 }) }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (list) => {
      const place = position();
      const out: Uint8Array[] = [];
      let saved = 0;
      let tail = 0;
      place.tailStarts();
      for (const { kind, size } of list) {
        if (kind === 'segment') {
          out.push(place.saved(bytes.subarray(saved, saved + size)));
          saved = Math.min(bytes.length, saved + size);
        } else if (kind === 'tail') {
          out.push(place.tailed(bytes.subarray(tail, tail + size)));
          tail = Math.min(bytes.length, tail + size);
        } else {
          place.tailStarts();
          tail = 0;
        }
      }
      while (saved < bytes.length) {
        out.push(place.saved(bytes.subarray(saved, saved + 64)));
        saved += 64;
      }
      const all = Buffer.concat(out);
      // A tail that has not yet caught up with the segments is beyond them nowhere: what was given is always a prefix.
      assert.deepEqual(all, bytes);
    }),
  );
});

test('a new attempt begins behind what was saved', () => {
  const place = position();
  place.attempt(1);
  place.tailStarts();
  assert.equal(Buffer.from(place.tailed(Buffer.from('one two'))).toString(), 'one two');
  place.saved(Buffer.from('one'));
  place.attempt(2);
  place.tailStarts();
  assert.equal(Buffer.from(place.tailed(Buffer.from('again'))).toString(), 'again');
  assert.equal(Buffer.from(place.saved(Buffer.from('again!'))).toString(), '!');
});

test('a segment that cannot be opened is said in its place, and the rest of the log is given', async () => {
  const renter = await generateAgeIdentity();
  const stranger = await generateAgeIdentity();
  const segments = [
    await sealTo([renter.recipient], Buffer.from('one\n')),
    await sealTo([stranger.recipient], Buffer.from('two\n')),
    await sealTo([renter.recipient], Buffer.from('three\n')),
  ];
  const shown = { state: 'succeeded', logSegments: 3, attempt: 1, cluster: 'clu_1' as ClusterId };
  const clientDouble = {
    call: () => Promise.resolve(shown),
    logSegment: (_job: JobId, n: number) => Promise.resolve(segments[n]),
  } as unknown as IogClient;
  const expected = /^one\n\n\[segment 1 cannot be opened: [^\n]+\]\nthree\n$/;
  assert.match(await savedLog(clientDouble, 'job_1' as JobId, renter.identity), expected);
  const pieces: Uint8Array[] = [];
  for await (const piece of followLog(clientDouble, 'job_1' as JobId, renter.identity, { pollMs: 1 })) pieces.push(piece);
  assert.match(Buffer.concat(pieces).toString(), expected);
});

test('the last IOG_RESULT line that is JSON', () => {
  assert.deepEqual(resultIn('a\nIOG_RESULT {"n":1}\nb\nIOG_RESULT {"n":2}\nIOG_RESULT {cut'), { n: 2 });
  assert.equal(resultIn('see IOG_RESULT 1\n'), undefined);
});

test('words become one shell line in which each stays one word', () => {
  assert.equal(shellLine(['python', '-c', "print('a b')"]), `python -c 'print('\\''a b'\\'')'`);
  assert.equal(shellLine(['']), `''`);
});

// The parser of server-sent events: the same messages in whatever pieces the bytes arrive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { sseParser, type SseMessage } from './sse.ts';

function parseIn(sizes: readonly number[], text: string): SseMessage[] {
  const bytes = Buffer.from(text);
  const parser = sseParser();
  const out: SseMessage[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    out.push(...parser.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return out;
}

test('fields, comments, line ends and an unfinished message', () => {
  const text = '\uFEFF: hello\r\nid: 7\r\nevent: step\r\ndata: one\r\ndata:two\r\n\r\ndata\n\nid: 8\ndata: {"a":"ü"}\n\ndata: cut';
  assert.deepEqual(parseIn([1000], text), [
    { event: 'step', id: '7', data: 'one\ntwo' },
    { event: 'message', id: '7', data: '' },
    { event: 'message', id: '8', data: '{"a":"ü"}' },
  ]);
});

test('pieces make no difference', () => {
  const text = ': x\n\nid: 1\ndata: äöü€😀\r\n\r\nid: 2\rdata: b\r\rid: 3\ndata: c\n\n';
  const whole = parseIn([1000], text);
  assert.equal(whole.length, 3);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => assert.deepEqual(parseIn(sizes, text), whole)),
  );
});

test('a message without end is refused', () => {
  assert.throws(() => sseParser().push(Buffer.from(`data: ${'x'.repeat(1_100_000)}`)), /longer than 1 MB/);
});

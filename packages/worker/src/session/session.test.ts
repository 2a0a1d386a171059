// The session against a control that is a double (FakeControl) behind a real WebSocket server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Assignment, DeviceId, ToControl } from '@iog/protocol';
import { realClock, realRandom, type Log } from '../ports.ts';
import { readMessage } from './messages.ts';
import { retryDelayMs } from './return-pace.ts';
import { Session, type SessionOptions } from './session.ts';
import { realWire } from './wire.ts';
import { FakeControl, nonce } from '../test/fake-control.ts';

const device = `dev_${'2'.repeat(26)}` as DeviceId;

interface Heard {
  readonly assigned: (readonly Assignment[])[];
  readonly refused: string[];
  readonly ignored: string[];
}

function open(control: FakeControl, hear: Log = () => undefined): { session: Session; heard: Heard } {
  const heard: Heard = { assigned: [], refused: [], ignored: [] };
  const options: SessionOptions = {
    url: control.url,
    device,
    network: 'net',
    bootId: 'boot',
    sign: () => 'x'.repeat(86),
    observe: () => [],
    welcomed: () => undefined,
    assigned: (assignments) => heard.assigned.push(assignments),
    acknowledged: () => undefined,
    demanded: () => undefined,
    refused: (code) => heard.refused.push(code),
    clock: realClock,
    random: realRandom,
    wire: realWire,
    log: (line) => {
      const { event, detail } = line;
      hear(line);
      if (event === 'session.ignored') heard.ignored.push(String(detail));
    },
  };
  const session = new Session(options);
  session.start();
  return { session, heard };
}

const count = (control: FakeControl, type: ToControl['type']): number => control.heard.filter((message) => message.type === type).length;

test('hello, welcome, a beat at once; changes are told together; pulses are answered and remembered', async () => {
  const control = await FakeControl.open();
  const { session } = open(control);
  try {
    await control.until(() => count(control, 'beat') === 1, 'the first beat');
    session.changed();
    session.changed();
    session.changed();
    await control.until(() => count(control, 'beat') === 2, 'the beat of the change');
    control.say({ type: 'pulse', nonce: 'cd'.repeat(32), withinMs: 1_000 });
    await control.until(() => count(control, 'pulse-answer') === 1, 'the answer to the pulse');
    assert.equal(session.pulse, 'cd'.repeat(32));
    assert.equal(count(control, 'beat'), 2);
    assert.ok(control.heard.every((message) => message.type !== 'beat' || message.epoch === 1));
  } finally {
    session.stop();
    control.close();
  }
});

test('a cut link comes back under a new epoch; words of an older epoch change nothing', async () => {
  const control = await FakeControl.open();
  const { session, heard } = open(control);
  try {
    await control.until(() => session.connected, 'the session');
    const cutAtMs = Date.now();
    control.sockets.at(-1)?.terminate();
    await control.until(() => control.heard.some((message) => message.type === 'beat' && message.epoch === 2), 'the second session');
    assert.ok(Date.now() - cutAtMs < 2_000);
    control.say({ type: 'assignments', epoch: 1, assignments: [] });
    control.say({ type: 'assignments', epoch: 2, assignments: [] });
    await control.until(() => heard.assigned.length === 1, 'the assignments of this epoch');
    assert.equal(heard.ignored.length, 1);
    control.epoch = 0;
    control.sockets.at(-1)?.terminate();
    await control.until(() => control.epoch >= 3 && session.connected, 'a session after two welcomes of old epochs');
  } finally {
    session.stop();
    control.close();
  }
});

test('hostile and malformed messages are ignored, and the session stands', async () => {
  const control = await FakeControl.open();
  const { session, heard } = open(control);
  try {
    await control.until(() => session.connected, 'the session');
    const socket = control.sockets.at(-1);
    const bad = [
      '',
      '[]',
      'null',
      '{"type":7}',
      '{"type":"__proto__"}',
      '{"type":"unheard-of"}',
      '{"type":"pulse","nonce":"short","withinMs":1}',
    ];
    const assignment = { lease: '../../etc', generation: -1, slice: { cores: [] } };
    bad.push(JSON.stringify({ type: 'assignments', epoch: 1, assignments: [assignment] }));
    bad.push(JSON.stringify({ type: 'acknowledged', lease: 'lea_x', segment: 1.5, index: -1 }));
    for (const text of bad) socket?.send(text);
    await control.until(() => heard.ignored.length === bad.length, 'all of it ignored');
    assert.equal(session.connected, true);
    assert.deepEqual(heard.assigned, []);
  } finally {
    session.stop();
    control.close();
  }
});

test('a refusal that no retry mends stops the session; another network is refused by us', async () => {
  const control = await FakeControl.open();
  const first = open(control);
  try {
    await control.until(() => first.session.connected, 'the session');
    control.say({ type: 'refused', code: 'device.removed', detail: 'gone' });
    await control.until(() => first.heard.refused.length === 1, 'the refusal');
    assert.equal(first.session.connected, false);
    control.network = 'other';
    const second = open(control);
    await control.until(() => second.heard.refused.length === 1, 'the other network');
    assert.deepEqual(second.heard.refused, ['network.other']);
    assert.equal(count(control, 'hello'), 1);
  } finally {
    first.session.stop();
    control.close();
  }
});

test('a session that was taken over leaves the other alone for a while; short sessions do not begin the waiting anew', async () => {
  const control = await FakeControl.open();
  const waits: { readonly event: string; readonly retryInMs: number }[] = [];
  const { session } = open(control, ({ event, retryInMs }) => {
    if (typeof retryInMs === 'number') waits.push({ event, retryInMs });
  });
  const cut = async (end: () => void): Promise<void> => {
    const before = waits.length;
    await control.until(() => session.connected, 'the session');
    end();
    await control.until(() => waits.length > before, 'its end');
  };
  try {
    for (let i = 0; i < 3; i++) await cut(() => control.sockets.at(-1)?.terminate());
    await cut(() => control.say({ type: 'refused', code: 'session.displaced', detail: '' }));
    assert.deepEqual(
      waits.map(({ event }) => event),
      ['session.lost', 'session.lost', 'session.lost', 'session.displaced'],
    );
    const [first = 0, , third = 0, yielded = 0] = waits.map(({ retryInMs }) => retryInMs);
    assert.ok(first <= 200 && third >= 400 && yielded >= 2_500, JSON.stringify(waits));
    assert.equal(session.connected, false);
  } finally {
    session.stop();
    control.close();
  }
});

test('unknown fields are dropped, and no text makes the reader throw', () => {
  const read = readMessage(JSON.stringify({ type: 'pulse', nonce, withinMs: 5, later: { version: 2 } }));
  assert.deepEqual(read, { kind: 'message', message: { type: 'pulse', nonce, withinMs: 5 } });
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => readMessage(text).kind !== 'message'));
});

test('retries: the first within 200 ms, none beyond 5 s, never at once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 255 }), (failures, byte) => {
      const delayMs = retryDelayMs(failures, () => new Uint8Array([byte]));
      assert.ok(delayMs >= 100 && delayMs <= (failures === 0 ? 200 : 5_000));
    }),
  );
});

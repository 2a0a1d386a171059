// What a worker does when control says goodbye, and with controls of other versions, against a control that is a double (FakeControl).
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type DeviceId, linkVersions } from '@iog/protocol';
import { realClock, realRandom, type LogLine } from '../ports.ts';
import { Session } from './session.ts';
import { realWire } from './wire.ts';
import { FakeControl } from '../test/fake-control.ts';

interface Opened {
  readonly control: FakeControl;
  readonly session: Session;
  readonly refused: string[];
  /** How long each lost session waits before the next dial, at most. */
  readonly waits: number[];
}

async function opened(t: TestContext, speaks: { min: number; max: number }): Promise<Opened> {
  const control = await FakeControl.open();
  control.speaks = speaks;
  const [refused, waits]: [string[], number[]] = [[], []];
  const session = new Session({
    url: control.url,
    device: `dev_${'2'.repeat(26)}` as DeviceId,
    network: 'net',
    bootId: 'boot',
    sign: () => 'x'.repeat(86),
    observe: () => [],
    welcomed: () => undefined,
    assigned: () => undefined,
    acknowledged: () => undefined,
    demanded: () => undefined,
    refused: (code) => refused.push(code),
    clock: realClock,
    random: realRandom,
    wire: realWire,
    log: ({ event, retryInMs }: LogLine) => {
      if (event === 'session.lost') waits.push(Number(retryInMs));
    },
  });
  t.after(() => {
    session.stop();
    control.close();
  });
  session.start();
  return { control, session, refused, waits };
}

test('after a goodbye, control is dialled steadily until it is back', async (t) => {
  const { control, session, waits } = await opened(t, linkVersions);
  await control.until(() => session.connected, 'the session');
  control.say({ type: 'bye', retryInMs: 120 });
  control.away = true;
  await control.until(() => control.sockets.length >= 8, 'dials in vain');
  control.away = false;
  await control.until(() => session.connected, 'the session again');
  assert.ok(
    waits.every((waitMs) => waitMs <= 120),
    `waits: ${waits.join()}`,
  );
  control.away = true;
  control.sockets.at(-1)?.terminate();
  await control.until(() => waits.some((waitMs) => waitMs > 200), 'waits that grow, after an ordinary loss');
});

test('a control of the version before is spoken to in its version', async (t) => {
  const { control, session } = await opened(t, { min: linkVersions.max - 2, max: linkVersions.max - 1 });
  await control.until(() => session.connected, 'the session');
  const hello = control.heard.find(({ type }) => type === 'hello');
  assert.deepEqual(hello?.type === 'hello' && { min: hello.min, max: hello.max }, linkVersions);
});

test('a control that speaks no version of ours is refused, and the sentence names both', async (t) => {
  const { control, refused } = await opened(t, { min: linkVersions.max + 1, max: linkVersions.max + 2 });
  await control.until(() => refused.length === 1, 'the refusal');
  assert.deepEqual(refused, ['link.version']);
});

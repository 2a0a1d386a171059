// The link's version 1, as the build before version 2 spoke it: this build understands every word of it, in both directions. tests/upgrade/README.md
// says where the recording comes from.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Assignment, type DeviceId, type ToControl, ToControlSchema, type ToWorker, ToWorkerSchema, isKnownIn } from '@iog/protocol';
import { readMessage as readWorkers } from '../packages/control/src/fleet/read-message.ts';
import { readMessage } from '../packages/worker/src/session/messages.ts';
import { Session } from '../packages/worker/src/session/session.ts';
import { realWire } from '../packages/worker/src/session/wire.ts';
import { realClock, realRandom } from '../packages/worker/src/ports.ts';
import { FakeControl } from '../packages/worker/src/test/fake-control.ts';
import { fromControl, fromWorker, recording } from './upgrade/recording.ts';

const words = (schema: typeof ToWorkerSchema | typeof ToControlSchema): string[] =>
  schema.anyOf.map(({ properties }) => properties.type.const).filter((type) => isKnownIn(1, type));
const all = (type: ToWorker['type']): ToWorker[] => fromControl.filter((message) => message.type === type);

test('the recording is a whole life: every word of version 1 is in it, each way', () => {
  const recorded = new Set(recording.map(({ message }) => message.type as string));
  // A refusal ends a session: no life has one.
  const missing = [...words(ToWorkerSchema), ...words(ToControlSchema)].filter((type) => !recorded.has(type) && type !== 'refused');
  assert.deepEqual(missing, []);
  const observed = fromWorker.flatMap((message) => (message.type === 'beat' ? message.observed : []));
  assert.ok(observed.some(({ step, closing }) => step === 'stopped' && closing !== null));
});

test('control checks and takes every recorded message of a worker', () => {
  for (const message of fromWorker) assert.deepEqual(readWorkers(JSON.stringify(message)), message);
});

test('a worker reads every recorded message of control, and drops nothing of it', () => {
  for (const message of fromControl) assert.deepEqual(readMessage(JSON.stringify(message)), { kind: 'message', message });
});

test('no message of version 1 has a field that version 1 did not have', () => {
  for (const schema of [...ToWorkerSchema.anyOf, ...ToControlSchema.anyOf]) {
    const type = schema.properties.type.const;
    const known = recording.filter(({ message }) => message.type === type).map(({ message }) => Object.keys(message));
    if (!isKnownIn(1, type) || type === 'refused') continue;
    assert.deepEqual(Object.keys(schema.properties).toSorted(), [...new Set(known.flat())].toSorted(), type);
  }
});

test("a worker's session goes through all that control said, and ignores nothing", async (t) => {
  const control = await FakeControl.open();
  control.silent = true;
  const heard = { assigned: [] as (readonly Assignment[])[], acknowledged: 0, demanded: 0, welcomed: 0, troubles: [] as string[] };
  const challenge = fromControl.find((message) => message.type === 'challenge');
  const session = new Session({
    url: control.url,
    device: `dev_${'2'.repeat(26)}` as DeviceId,
    network: challenge?.network ?? '',
    bootId: 'boot',
    sign: () => 'x'.repeat(86),
    observe: () => [],
    welcomed: () => (heard.welcomed += 1),
    assigned: (assignments) => heard.assigned.push(assignments),
    acknowledged: () => (heard.acknowledged += 1),
    demanded: () => (heard.demanded += 1),
    refused: (code) => heard.troubles.push(code),
    clock: realClock,
    random: realRandom,
    wire: realWire,
    log: ({ level, event, detail }) => {
      if (level !== 'info') heard.troubles.push(`${event} ${String(detail)}`);
    },
  });
  t.after(() => {
    session.stop();
    control.close();
  });
  session.start();
  await control.until(() => control.sockets.length === 1, 'the dial');
  for (const message of fromControl) control.say(message);
  const answers = (): ToControl[] => control.heard.filter(({ type }) => type === 'pulse-answer');
  await control.until(() => heard.acknowledged === all('acknowledged').length, 'the last acknowledgement');
  await control.until(() => answers().length === all('pulse').length, 'the answers to all pulses');
  assert.deepEqual(
    heard.assigned,
    all('assignments').map((message) => message.type === 'assignments' && message.assignments),
  );
  assert.deepEqual([heard.welcomed, heard.demanded, heard.troubles], [1, all('capacity').length, []]);
});

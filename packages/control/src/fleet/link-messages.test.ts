// Every message of the link against every way to be malformed: it ends its session alone; what a newer worker adds is let pass.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ToControl, ToControlSchema } from '@iog/protocol';
import { readMessage } from './read-message.ts';
import { type FakeDevice, admittedFake, connectFake, enrolFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { startRig, until } from '../test/rig.ts';

type Kind = ToControl['type'];
const [device, lease, job] = [`dev_${'0'.repeat(26)}`, `lea_${'0'.repeat(26)}`, `job_${'0'.repeat(26)}`];
const place = { generation: 1, incarnation: 1, step: 'ready', detail: '', rayNodeId: 'f'.repeat(56), idleMs: 0 };
const observedJob = { job, attempt: 1, state: 'running', exitCode: 0, detail: '', tasksPerNode: {}, logSegments: 0 };
const address = { host: '127.0.0.1', gcs: 6379, dashboard: 8265 };
const observed = { lease, ...place, address, jobs: [observedJob], closing: { segment: 1, index: 0 } };
const samples: Readonly<Record<Kind, object>> = {
  hello: { type: 'hello', device, min: 1, max: 1, capabilities: ['one'], bootId: 'boot', signature: 'A'.repeat(86) },
  'pulse-answer': { type: 'pulse-answer', nonce: 'f'.repeat(64) },
  'capacity-answer': { type: 'capacity-answer', id: 'f'.repeat(64), digests: ['f'.repeat(64)] },
  beat: { type: 'beat', epoch: 1, observed: [observed] },
  evidence: { type: 'evidence', epoch: 1, lease, snapshots: [{ bytes: 'AAAA', signature: 'A'.repeat(86) }] },
  'sealed-for': { type: 'sealed-for', epoch: 1, lease, device, sealed: 'c2VhbGVk' },
};
const kinds = Object.keys(samples) as Kind[];

/** The message with one place in it missing, and with one of a wrong type, for every place that is in it, at any depth. */
function* spoiled(message: unknown): Generator<{ readonly where: string; readonly message: unknown }> {
  if (typeof message !== 'object' || message === null) return;
  for (const [name, value] of Object.entries(message) as [string, unknown][]) {
    const wrap = (inner: unknown): unknown =>
      Array.isArray(message) ? (message as unknown[]).with(Number(name), inner) : { ...message, [name]: inner };
    yield { where: `${name} of a wrong type`, message: wrap(typeof value === 'string' ? 7 : 'text') };
    if (!Array.isArray(message)) yield { where: `${name} missing`, message: { ...message, [name]: undefined } };
    for (const inner of spoiled(value)) yield { where: `${name}.${inner.where}`, message: wrap(inner.message) };
  }
}

const text = (message: unknown): string => JSON.stringify(message);

test('a message with any field missing or of a wrong type is none; one with fields that nobody knows is', () => {
  const inSchema = (ToControlSchema as unknown as { anyOf: { properties: { type: { const: string } } }[] }).anyOf;
  assert.deepEqual(kinds.toSorted(), inSchema.map(({ properties }) => properties.type.const).toSorted(), 'every kind has its sample');
  let count = 0;
  for (const kind of kinds) {
    assert.ok(readMessage(text(samples[kind])), kind);
    assert.ok(readMessage(text({ ...samples[kind], colour: 'red', more: { depth: [1] } })), `${kind} with more`);
    for (const { where, message } of spoiled(samples[kind])) {
      count += 1;
      assert.equal(readMessage(text(message)), undefined, `${kind}: ${where}`);
    }
  }
  assert.ok(count > 80, `${count} places`);
  assert.ok(readMessage(text({ ...samples.beat, observed: [{ ...observed, colour: 'red' }] })), 'unknown fields below too');
});

test('one malformed message of any kind ends its session with link.malformed, and control goes on', async (t) => {
  const rig = await startRig(t);
  const other = await admittedFake(rig);
  const enrolled = await enrolFake(rig);
  for (const kind of kinds) {
    const all = [...spoiled(samples[kind])].filter(({ where }) => /^[a-z]+ /i.test(where) && !where.startsWith('type'));
    const chosen = [all.find(({ where }) => where.endsWith('wrong type')), all.find(({ where }) => where.endsWith('missing'))];
    for (const each of chosen) {
      const session = await connectFake(rig, enrolled);
      session.send(each?.message);
      const closed = await until('the close', () => session.closed(), 30_000);
      assert.deepEqual(closed, { code: 4000, reason: 'link.malformed' }, `${kind}: ${each?.where}`);
    }
  }
  assert.equal(other.closed(), undefined);
  assert.equal((await other.view()).connected, true);
  const again = await connectFake(rig, enrolled);
  assert.ok(again.epoch() > 0, 'the device itself may come back');
});

test('unknown fields in every kind of message change nothing of what it does', async (t) => {
  const rig = await startRig(t);
  const enrolled = await enrolFake(rig);
  const more = { colour: 'red' } as object;
  const session: FakeDevice = await connectFake(rig, enrolled, more);
  await until('the capacity proof', async () => (await session.view()).state === 'admitted', 30_000);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const id = cluster.leases[0]?.id ?? '';
  await until('the node', () => session.nodes.has(id), 30_000);
  for (const kind of kinds.filter((each) => each !== 'hello' && each !== 'evidence'))
    session.send({ ...samples[kind], epoch: session.epoch(), ...more });
  const epoch = session.epoch();
  session.send({ type: 'evidence', epoch, lease: id, snapshots: [{ ...session.sample(id) }], ...more });
  // Messages of a session are handled in order: all before it were let pass.
  await until(
    'the evidence to be acknowledged',
    () => session.received.some((each) => each.type === 'acknowledged' && each.lease === id && each.index === 1),
    30_000,
  );
  assert.equal(session.closed(), undefined);
});

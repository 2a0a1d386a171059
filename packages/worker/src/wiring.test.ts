// The whole worker but for its runtime and tunnel: a session with FakeControl, nodes of a RuntimeDouble, real evidence on disk.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Assignment, ClusterId, DeviceId, LeaseId, Snapshot, ToControl } from '@iog/protocol';
import {
  argon2Chain,
  canonical,
  encodeSecrets,
  fromBase64url,
  fromHex,
  newClusterSecrets,
  sealTo,
  sha256hex,
  threadSalt,
  toBase64url,
  verify,
} from '@iog/seal';
import { realDisk } from './disk.ts';
import { realHost } from './host.ts';
import { deviceKeys } from './identity/identity.ts';
import { realClock, realRandom, type LogLine } from './ports.ts';
import { realWire } from './session/wire.ts';
import { FakeControl, nonce } from './test/fake-control.ts';
import { RuntimeDouble } from './test/runtime-double.ts';
import { Wiring } from './wiring.ts';

const root = mkdtempSync(join(tmpdir(), 'iog-wiring-'));
after(() => rmSync(root, { recursive: true, force: true }));
const device = `dev_${'7'.repeat(26)}` as DeviceId;
const lease = `lea_${'7'.repeat(26)}` as LeaseId;
const dir = join(root, 'device');
const keys = await deviceKeys(dir);
const secrets = await newClusterSecrets();
const sealedSecret = toBase64url(await sealTo([keys.ageRecipient], encodeSecrets(secrets)));
const assigned: Assignment = {
  lease,
  cluster: `clu_${'7'.repeat(26)}` as ClusterId,
  generation: 1,
  incarnation: 0,
  role: 'member',
  slice: { cores: [0], memoryBytes: 1, gpus: [] },
  sealedSecret,
  renterRecipient: keys.ageRecipient,
  clusterRecipient: secrets.ageRecipient,
  head: { host: '127.0.0.1', gcs: 6001, dashboard: 6002 },
  jobs: [],
  sealFor: [],
};

const lines: LogLine[] = [];
const wire = (control: FakeControl, runtime: RuntimeDouble): Wiring =>
  new Wiring({
    dir,
    url: control.url,
    device,
    network: 'net',
    keys,
    http: () => Promise.reject(new Error('no HTTP here')),
    runtime,
    ray: () => assert.fail('no jobs here'),
    host: realHost(process.pid),
    disk: realDisk,
    refused: () => undefined,
    clock: realClock,
    random: realRandom,
    wire: realWire,
    log: (line) => lines.push(line),
  });

const evidenceOf = (heard: readonly ToControl[]): string[] =>
  heard.flatMap((message) => (message.type === 'evidence' ? message.snapshots.map(({ bytes }) => bytes) : []));
const read = (bytes: string): Snapshot => JSON.parse(new TextDecoder().decode(fromBase64url(bytes))) as Snapshot;
const lastStep = (heard: readonly ToControl[]): string | undefined =>
  heard.flatMap((message) => (message.type === 'beat' ? [message.observed.find((seen) => seen.lease === lease)?.step] : [])).at(-1);

test('a lease from assignment to acknowledged end, through a cut and a restart, in one whole chain for each segment', async () => {
  const control = await FakeControl.open();
  const runtime = new RuntimeDouble();
  let worker = wire(control, runtime);
  const hello = (): ToControl | undefined => control.heard.findLast(({ type }) => type === 'hello');
  try {
    await worker.start();
    await control.until(() => worker.connected, 'the session');
    const said = hello();
    assert.ok(said?.type === 'hello');
    assert.ok(verify(keys.publicKey, 'hello', canonical({ nonce, network: 'net', device, bootId: said.bootId }), said.signature));
    control.say({ type: 'pulse', nonce: 'ef'.repeat(32), withinMs: 1_000 });
    control.say({ type: 'trace', request: 'req_of_the_renter' });
    control.say({ type: 'assignments', epoch: 1, assignments: [assigned] });
    await control.until(() => runtime.started.length === 1 && evidenceOf(control.heard).length > 0, 'the node and a first sample');
    runtime.last.become({ step: 'ready', detail: '', rayNodeId: 'n' });
    await control.until(() => lastStep(control.heard) === 'ready' && evidenceOf(control.heard).length > 1, 'the node to be ready');
    assert.ok(lines.some(({ event, request }) => event === 'assignments.taken' && request === 'req_of_the_renter'));
    assert.equal(worker.tunnelOf(lease)?.tunnelKeyHex, secrets.tunnelKeyHex);
    assert.equal(worker.tunnelOf('lea_nonsense'), undefined);

    const before = evidenceOf(control.heard);
    control.sockets.at(-1)?.terminate();
    await control.until(
      () => control.epoch === 2 && evidenceOf(control.heard).length >= 2 * before.length,
      'the evidence again, identical',
    );
    assert.deepEqual(evidenceOf(control.heard).slice(before.length, 2 * before.length), before);

    await worker.stop(true);
    assert.equal(runtime.last.isStopped, false);
    worker = wire(control, runtime);
    await worker.start();
    await control.until(() => control.epoch === 3 && lastStep(control.heard) === 'ready', 'the restarted worker');
    control.say({ type: 'assignments', epoch: 3, assignments: [] });
    await control.until(
      () => lastStep(control.heard) === 'stopped' && evidenceOf(control.heard).some((bytes) => read(bytes).closing),
      'the end',
    );
    const { segment, index } = read(evidenceOf(control.heard).find((bytes) => read(bytes).closing) ?? '');
    assert.equal(segment, 1);
    control.say({ type: 'acknowledged', lease, segment, index });
    assertChains(control.heard);
  } finally {
    await worker.stop(true);
    control.close();
  }
});

function assertChains(heard: readonly ToControl[]): void {
  for (const segment of [0, 1]) {
    const chain = [...new Set(evidenceOf(heard))].filter((bytes) => read(bytes).segment === segment);
    const places = chain.map((bytes) => read(bytes));
    assert.deepEqual(
      places.map(({ index }) => index),
      places.map((_, i) => i),
    );
    for (const [i, { prev }] of places.entries()) assert.equal(prev, i === 0 ? '' : sha256hex(fromBase64url(chain[i - 1] ?? '')));
  }
}

test('a capacity demand is answered thread by thread; one beyond all reason is not', async () => {
  const control = await FakeControl.open();
  const worker = wire(control, new RuntimeDouble());
  try {
    await worker.start();
    await control.until(() => worker.connected, 'the session');
    const work = { memoryKib: 64, passes: 1, links: 2 };
    const salt = '12'.repeat(32);
    control.say({
      type: 'capacity',
      id: '34'.repeat(32),
      salt,
      threads: 900,
      memoryKib: 900_000_000,
      passes: 1,
      links: 1,
      withinMs: 1_000,
    });
    control.say({ type: 'capacity', id: '56'.repeat(32), salt, threads: 2, ...work, withinMs: 20_000 });
    await control.until(() => control.heard.some(({ type }) => type === 'capacity-answer'), 'the answer');
    const expected = [0, 1].map((thread) => sha256hex(argon2Chain({ salt: threadSalt(fromHex(salt), thread), ...work })));
    assert.deepEqual(
      control.heard.filter(({ type }) => type === 'capacity-answer'),
      [{ type: 'capacity-answer', id: '56'.repeat(32), digests: expected }],
    );
  } finally {
    await worker.stop(true);
    control.close();
  }
});

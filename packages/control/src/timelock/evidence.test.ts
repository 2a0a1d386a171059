// Evidence that comes after the verdict of its minute: the verdict stands, and nothing is lost without a word.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Snapshot } from '@iog/protocol';
import { type LeaseRow, type MinuteRow, type Sample, decideMinute, minuteBounds, minuteId } from '@iog/core';
import { canonical, generateSigningKey, sha256hex, sign, toBase64url } from '@iog/seal';
import { unitDevice, unitLease, unitNow, unitRig } from '../test/unit-ports.ts';
import { takeEvidence } from './evidence.ts';

const keys = generateSigningKey();
/** A sample of a tenant that keeps one core busy, taken `atMs` after T1. */
function signed(lease: LeaseRow, index: number, prev: string, atMs: number, changes: Partial<Snapshot> = {}) {
  const counts = { monoMs: atMs, busyMs: atMs, tenantMs: atMs, ownMs: 0 };
  const place = { lease: lease.id, device: lease.device, segment: 1, index, prev };
  const bytes = canonical({ v: 1, ...place, ...counts, pulse: '', method: 'schedstat', closing: false, ...changes });
  return { hash: sha256hex(bytes), sample: { bytes: toBase64url(bytes), signature: sign(keys.secretKey, 'evidence', bytes) } };
}

/** Minute 0 has its verdict; the chain's last sample is dated within it, half a second before its end. */
async function decidedRig(t: TestContext, changes: Partial<LeaseRow> = {}) {
  const rig = unitRig(t);
  const lease = unitLease();
  await rig.put(lease, unitDevice());
  const take = (...samples: { sample: { bytes: string; signature: string } }[]) =>
    takeEvidence(
      rig.ports,
      new Uint8Array(32),
      { device: lease.device, epoch: 1, publicKey: keys.publicKey },
      lease.id,
      samples.map(({ sample }) => sample),
    );
  const first = signed(lease, 0, '', 100);
  rig.pass(100);
  await take(first);
  const last = signed(lease, 1, first.hash, 59_500);
  rig.pass(59_400);
  await take(last);
  const id = minuteId(lease.id, 0);
  const verdict = { kind: 'proven', basis: 'declared', grounds: [], method: 'schedstat', policy: 'p', decidedAt: unitNow } as const;
  const decided = await rig.row<MinuteRow>('minute', id);
  assert.equal(decided?.samples.length, 2);
  const now = await rig.row<LeaseRow>('lease', lease.id);
  await rig.put({ ...decided, verdict }, { ...now!, nextMinute: 1, ...changes });
  rig.pass(400);
  const minute = (k: number) => rig.row<MinuteRow>('minute', minuteId(lease.id, k));
  return { ...rig, lease, take, last, minute };
}

test('a contradiction of a decided minute leaves its verdict, and voids the next one', async (t) => {
  const { lease, take, last, minute, ports, row, pass } = await decidedRig(t);
  const before = await minute(0);
  const evidence = (await row<LeaseRow>('lease', lease.id))?.evidence;
  const other = signed(lease, 1, 'f'.repeat(64), 59_400);
  assert.deepEqual(await take(other), { segment: 1, index: 1 });
  assert.deepEqual(await minute(0), before);
  assert.notEqual((await row<LeaseRow>('lease', lease.id))?.evidence, evidence);

  let { hash } = last;
  for (let i = 0; i < 7; i++) {
    pass(10_000);
    const next = signed(lease, 2 + i, hash, 69_900 + i * 10_000);
    hash = next.hash;
    await take(next);
  }
  const samples: Sample[] = [...(before?.samples ?? []), ...((await minute(1))?.samples ?? []), ...((await minute(2))?.samples ?? [])];
  const rest = { pulses: [], absences: [], cores: 1, policy: ports.policy, policyHash: 'p', now: ports.clock.now(), windowFrom: unitNow };
  const bounds = minuteBounds(unitNow, null, 1);
  const codes = (of: readonly Sample[]) => decideMinute({ k: 1, ...bounds, ...rest, samples: of })?.grounds.map(({ code }) => code);
  assert.ok(codes(samples)?.includes('chain.contradiction'));
  assert.ok(codes(samples.filter((sample) => !sample.contradiction))?.includes('chain.whole'));
});

test('where no minute is left to decide, the contradiction is said and counted into the hash', async (t) => {
  const { lease, take, minute, lines, row } = await decidedRig(t, { state: 'ending', endedAt: unitNow + 60_000 });
  const evidence = (await row<LeaseRow>('lease', lease.id))?.evidence;
  await take(signed(lease, 1, 'f'.repeat(64), 59_400));
  assert.equal(await minute(1), undefined);
  assert.notEqual((await row<LeaseRow>('lease', lease.id))?.evidence, evidence);
  const said = lines.filter((line) => line.event === 'evidence.in-no-minute');
  assert.deepEqual(
    said.map((line) => [line['lease'], line['samples'], line['contradictions']]),
    [[lease.id, 1, 1]],
  );
});

test('other samples of a decided minute are acknowledged, and said', async (t) => {
  const { lease, take, last, minute, lines } = await decidedRig(t);
  const before = await minute(0);
  assert.deepEqual(await take(signed(lease, 2, last.hash, 59_900)), { segment: 1, index: 2 });
  assert.deepEqual(await minute(0), before);
  assert.deepEqual(
    lines.filter((line) => line.event === 'evidence.in-no-minute').map((line) => [line['samples'], line['contradictions']]),
    [[1, 0]],
  );
});

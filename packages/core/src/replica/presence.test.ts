// Sessions of one device over several replicas: whoever decides sees what one alone would have seen, and blames no device for an outage.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { makeId } from '@iog/protocol';
import type { PresenceRow, ReplicaRow, SessionRecord } from '../rows.ts';
import { absentSince, blankPresence, heardAt, isPresent, mergePresence, openPresence, witnessed } from './presence.ts';

const t0 = 1_000_000;
const id = makeId('dev', t0, new Uint8Array(16));
const reconnectMs = 30_000;
const alive = (name: string, changes: Partial<ReplicaRow> = {}): ReplicaRow => {
  return { kind: 'replica', id: name, generation: 1, since: t0, until: Number.MAX_SAFE_INTEGER, ...changes };
};
const watch = (now: number, ...replicas: ReplicaRow[]) => ({
  replicas: new Map(replicas.map((row) => [row.id, row])),
  since: t0,
  reconnectMs,
  now,
});
const session = (replica: string, epoch: number, from: number, changes: Partial<SessionRecord> = {}): SessionRecord => {
  return { replica, life: 1, epoch, from, seenAt: from, writtenAt: from, settledTo: from, closedAt: null, ...changes };
};
const row = (...sessions: SessionRecord[]): PresenceRow => ({ ...blankPresence(id), sessions });

/** What each replica writes of a device that is here and away by turns, answering every second pulse. */
function history(plan: readonly { hereMs: number; awayMs: number; at: string }[]) {
  let now = t0;
  let whole = blankPresence(id);
  const told: PresenceRow[] = [];
  for (const [i, { hereMs, awayMs, at }] of plan.entries()) {
    whole = openPresence(whole, session(at, i + 1, now), watch(now, alive('a'), alive('b')));
    const from = now;
    now += hereMs;
    const pulses = Array.from({ length: Math.floor(hereMs / 5_000) }, (_, n) => {
      const sentAt = from + n * 5_000;
      return { nonce: `${i} ${n}`, sentAt, answeredAt: n % 2 ? sentAt + 5 : null };
    });
    const closed = session(at, i + 1, from, { seenAt: now, writtenAt: now, settledTo: now, closedAt: now });
    told.push({ ...row(closed), pulses });
    whole = mergePresence(whole, told.at(-1) as PresenceRow);
    now += awayMs;
  }
  return { whole, told, now };
}

test('law: a device that moves between replicas is seen as in one: pulses and absences, told in any order and twice', () => {
  const stretch = fc.record({ hereMs: fc.nat(60_000), awayMs: fc.integer({ min: 1, max: 60_000 }), at: fc.constantFrom('a', 'b') });
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 6 }), fc.nat(300_000), fc.nat(), (plan, offsetMs, turn) => {
      const [split, single] = [history(plan), history(plan.map((each) => ({ ...each, at: 'a' })))];
      const rotated = [...split.told.slice(turn % plan.length), ...split.told, ...split.told.slice(0, turn % plan.length)];
      const merged = rotated.reduce(mergePresence, split.whole);
      const seen = (presence: PresenceRow) =>
        witnessed(presence, t0 + offsetMs, t0 + offsetMs + 60_000, watch(split.now, alive('a'), alive('b')));
      assert.deepEqual(seen(merged), seen(single.whole));
      assert.equal(seen(merged).isOwed, false);
    }),
  );
});

test('pulses that their replica has not told of are waited for, also after the session moved; those of a forgotten life are not', () => {
  const moved = row(session('b', 1, t0), session('a', 2, t0 + 30_000, { settledTo: t0 + 70_000 }));
  const owed = (presence: PresenceRow, b: ReplicaRow) => witnessed(presence, t0, t0 + 60_000, watch(t0 + 70_000, alive('a'), b)).isOwed;
  assert.equal(owed(moved, alive('b')), true);
  assert.equal(owed(moved, alive('b', { generation: 2 })), false);
  const told = row(session('b', 1, t0, { settledTo: t0 + 31_000, writtenAt: t0 + 31_000, closedAt: t0 + 31_000 }));
  assert.equal(owed(mergePresence(moved, told), alive('b')), false);
});

test('the outage of a replica is not the silence of its devices', () => {
  const open = row(session('b', 1, t0, { seenAt: t0 + 100_000, writtenAt: t0 + 100_000 }));
  const now = t0 + 200_000;
  // It lives, and has not written for long: what it knows counts for the device.
  assert.equal(heardAt(open, watch(now, alive('b'))), now);
  const dead = alive('b', { until: t0 + 115_000 });
  assert.equal(heardAt(open, watch(now, dead)), t0 + 115_000);
  assert.equal(absentSince(open, watch(now, dead)), t0 + 145_000);
  assert.equal(isPresent(open, watch(now, dead)), false);
  const back = alive('b', { generation: 2, since: t0 + 190_000 });
  assert.equal(heardAt(open, watch(now, back)), t0 + 190_000);
});

test('a device that went away while all replicas lived is blamed from that moment', () => {
  const gone = row(session('b', 1, t0, { seenAt: t0 + 9_000, writtenAt: t0 + 50_000, closedAt: t0 + 10_000 }));
  const asked = watch(t0 + 60_000, alive('b'));
  assert.equal(absentSince(gone, asked), t0 + 10_000);
  assert.equal(heardAt(gone, asked), t0 + 9_000);
});

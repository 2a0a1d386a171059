// Absences: what a device was away counts against it only while control was up to hear it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DeviceId } from '@iog/protocol';
import { type ReplicaRow, absentSince, witnessed } from '@iog/core';
import { holdsLeases, liveDevices, pulseAnswered, pulseSent } from './live-devices.ts';

const since = 1_000_000;
const reconnectMs = 30_000;
const replica: ReplicaRow = { kind: 'replica', id: 'r', generation: 1, since, until: Number.MAX_SAFE_INTEGER };

const watch = (now: number) => ({ replicas: new Map([['r', replica]]), since, reconnectMs, now });

/** The live state of one replica, alone. */
function rig() {
  const live = liveDevices();
  const presence = (device: string, now: number) => live.presence(device as DeviceId, replica, 10_000, now);
  return {
    opened: (device: string, epoch: number, now: number) =>
      void live.opened(device, epoch, now, absentSince(presence(device, now), watch(now))),
    closed: (device: string, epoch: number, now: number) => live.closed(device, epoch, now),
    absencesWithin: (device: string, from: number, to: number, now: number) => [
      ...witnessed(presence(device, now), from, to, watch(now)).absences,
    ],
  };
}
const far = since + 1e9;
const all = (live: ReturnType<typeof rig>, now: number) => live.absencesWithin('d', 0, far, now);

test('before control began, and until a device had time to come back, its absence is not its own', () => {
  const live = rig();
  assert.deepEqual(all(live, since + reconnectMs), []);
  assert.deepEqual(all(live, since + reconnectMs + 5), [{ from: since + reconnectMs, to: since + reconnectMs + 5 }]);
  live.opened('d', 1, since + 20_000);
  assert.deepEqual(all(live, since + 90_000), []);
  live.closed('d', 1, since + 21_000);
  assert.deepEqual(all(live, since + 22_000), [{ from: since + 21_000, to: since + 22_000 }]);
});

test('a device that comes back late was away from the end of that allowance', () => {
  const live = rig();
  live.opened('d', 1, since + 50_000);
  assert.deepEqual(all(live, since + 60_000), [{ from: since + reconnectMs, to: since + 50_000 }]);
});

test('a session that another took over leaves no absence; the end of an older one says nothing', () => {
  const live = rig();
  live.opened('d', 1, since);
  live.opened('d', 2, since + 10);
  live.closed('d', 1, since + 20);
  assert.deepEqual(all(live, since + 30), []);
  live.closed('d', 2, since + 40);
  live.closed('d', 2, since + 45);
  assert.deepEqual(live.absencesWithin('d', since, since + 40, since + 50), []);
  assert.deepEqual(live.absencesWithin('d', since, since + 41, since + 50), [{ from: since + 40, to: since + 50 }]);
});

test('law: all that a device was away of late is found again, whole, wherever one asks', () => {
  const stretches = fc.array(fc.record({ hereMs: fc.nat(9_000), awayMs: fc.integer({ min: 1, max: 9_000 }) }), { maxLength: 30 });
  fc.assert(
    fc.property(stretches, fc.nat(300_000), fc.integer({ min: 1, max: 60_000 }), (plan, offsetMs, ms) => {
      const live = rig();
      let now = since;
      const away = plan.map(({ hereMs, awayMs }, i) => {
        live.opened('d', i, now);
        live.closed('d', i, (now += hereMs));
        return { from: now, to: (now += awayMs) };
      });
      if (plan.length === 0) live.opened('d', 0, now);
      const [from, to] = [since + offsetMs, since + offsetMs + ms];
      assert.deepEqual(
        live.absencesWithin('d', from, to, now),
        away.filter((each) => each.from < to && each.to > from),
      );
    }),
  );
});

test('memory is bounded, and flapping hides no long absence', () => {
  const live = rig();
  let now = since;
  live.opened('d', 0, now);
  live.closed('d', 0, now);
  live.opened('d', 1, (now += 20_000));
  for (let epoch = 1; epoch < 1_000; epoch++) {
    live.closed('d', epoch, (now += 200));
    live.opened('d', epoch + 1, (now += 100));
  }
  assert.ok(all(live, now).length <= 120);
  assert.deepEqual(all(live, now)[0], { from: since, to: since + 20_000 });
  live.closed('d', 1_000, (now += 600_000));
  live.opened('d', 1_001, (now += 100));
  assert.equal(all(live, now).length, 1);
});

test('of a device that left long ago only its last words are kept, and after a day nothing; one that is here is kept whole', () => {
  const live = liveDevices();
  for (const device of ['here', 'gone']) {
    live.opened(device, 1, since, since - 20_000);
    live.closed(device, 1, since + 1);
    live.opened(device, 2, since + 2, since + 1);
  }
  live.closed('gone', 2, since + 3);
  const kept = () => ['here', 'gone'].map((device) => live.get(device)?.absences.length);
  live.forget(since + 600_003);
  assert.deepEqual(kept(), [2, 2]);
  live.forget(since + 600_004);
  assert.deepEqual(kept(), [2, 0]);
  assert.deepEqual([live.seen('gone')?.lastSeenAt, live.connected()], [since + 2, ['here']]);
  live.forget(since + 86_400_004);
  assert.deepEqual(kept(), [2, undefined]);
});

test('a pulse that was missed is not pushed out by many that were answered', () => {
  const live = liveDevices().opened('dev_00000000000000000000000001', 1, since, null);
  holdsLeases(live, true, since);
  pulseSent(live, 'missed', since);
  for (let i = 1; i <= 1_000; i++) {
    pulseSent(live, `n${i}`, since + i * 100);
    pulseAnswered(live, `n${i}`, 10_000, since + i * 100 + 1);
  }
  assert.ok(live.pulses.some(({ nonce, answeredAt }) => nonce === 'missed' && answeredAt === null));
  pulseSent(live, 'later', since + 700_000);
  assert.equal(live.pulses.length, 2);
});

test('pulses are kept for ten minutes while and after a device is leased, and for one while it is idle', () => {
  const live = liveDevices().opened('dev_00000000000000000000000001', 1, since, null);
  const kept = (at: number): number => {
    pulseSent(live, `n${at}`, since + at);
    return live.pulses.length;
  };
  const every5s = (from: number, to: number): number => {
    let count = 0;
    for (let at = from; at <= to; at += 5_000) count = kept(at);
    return count;
  };
  assert.equal(every5s(0, 200_000), 13);
  holdsLeases(live, true, since + 200_000);
  assert.equal(every5s(205_000, 400_000), 53);
  holdsLeases(live, false, since + 400_000);
  assert.equal(every5s(405_000, 995_000), 121);
  assert.equal(kept(1_000_000), 13);
});

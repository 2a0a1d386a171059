// What is over is forgotten, and the time that was reached is remembered, so that it never goes back.
import type { ClockRow, EnrolmentRow, ReplyRow } from '@iog/core';
import { type ControlPorts, change } from './ports.ts';
import { type Loop, loop } from './loop.ts';

/** Replies to repeated requests are kept for a day. */
const replyKeptMs = 24 * 3_600_000;
const rowsAtOnce = 200;

export function housekeepingLoop(ports: ControlPorts): Loop {
  return loop('housekeeping', ports.periods.housekeepingMs, ports, async () => {
    const now = ports.clock.now();
    await change(ports, async (read) => {
      const clock = await read.one('clock', 'clock');
      const next: ClockRow = { kind: 'clock', id: 'clock', now: Math.max(clock?.now ?? 0, now) };
      return { writes: [next], value: undefined };
    });
    const replies = await ports.store.query({ kind: 'reply', index: 'age', atMost: now - replyKeptMs, limit: rowsAtOnce });
    const enrolments = await ports.store.query({ kind: 'enrolment', index: 'expiry', atMost: now - replyKeptMs, limit: rowsAtOnce });
    for (const { row } of [...replies, ...enrolments]) {
      const { kind, id } = row as ReplyRow | EnrolmentRow;
      await change(ports, async (read) => {
        await read.one(kind, id);
        return { writes: [], deletes: [{ kind, id }], value: undefined };
      });
    }
  });
}

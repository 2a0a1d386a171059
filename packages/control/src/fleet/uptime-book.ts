// Which minutes devices were in a session here: bits in memory, written down hourly and at the end. A crash forgets at most that hour, of
// control's own bits too, so that it counts against nobody.
import type { DeviceId, UptimeView } from '@iog/protocol';
import { type DeviceRow, type UptimeRow, dayOf, eitherUp, markMinute, uptimeBytes, uptimeOf, uptimeShownDays } from '@iog/core';
import { type ControlPorts, change } from '../ports.ts';
import { type Loop, loop } from '../loop.ts';

export interface UptimeBook {
  /** The device is in a session now. */
  mark(this: void, device: DeviceId): void;
  /** As far as it is known here and written down by all. */
  of(device: DeviceRow): Promise<UptimeView | null>;
  /** Writes down what is new. */
  flush(): Promise<void>;
  /** Notes that control itself is there, and writes all down each hour. */
  loop(): Loop;
}

/** In place of a device's id: the minutes in which some control of the network was there. */
const ownName = 'control';
const flushEveryMs = 3_600_000;
/** Twice a minute, so that none is left out. */
const lookEveryMs = 30_000;
const rowsAtOnce = 100;
const ownKeptMs = 60_000;

interface Day {
  readonly device: string;
  readonly day: number;
  readonly bits: Uint8Array;
  isNew: boolean;
}

export function uptimeBook(ports: ControlPorts): UptimeBook {
  const { clock, store } = ports;
  const days = new Map<string, Day>();
  let own: { readonly at: number; readonly days: Promise<Map<number, Uint8Array>> } | undefined;

  const mark = (device: string): void => {
    const now = clock.now();
    const known = days.get(device);
    const today = dayOf(now);
    if (known && known.day !== today && known.isNew) days.set(`${device}/${known.day}`, known);
    const day = known?.day === today ? known : { device, day: today, bits: new Uint8Array(uptimeBytes), isNew: false };
    if (day !== known) days.set(device, day);
    if (markMinute(day.bits, now)) day.isNew = true;
  };
  const flush = async (): Promise<void> => {
    const due = [...days].filter(([, { isNew }]) => isNew);
    for (let at = 0; at < due.length; at += rowsAtOnce) await write(due.slice(at, at + rowsAtOnce).map(([, day]) => day));
    const today = dayOf(clock.now());
    for (const [key, { day, isNew }] of days) if (day < today && !isNew) days.delete(key);
  };
  const write = async (some: readonly Day[]): Promise<void> => {
    await change(ports, async (read) => {
      const before = new Map((await read.many('uptime', some.map(idOf))).map((row) => [row.id, row]));
      const rows = some.map((each): UptimeRow => {
        const known = before.get(idOf(each));
        const bits = known ? eitherUp(each.bits, bitsOf(known)) : each.bits;
        return { kind: 'uptime', id: idOf(each), device: each.device, day: each.day, bits: Buffer.from(bits).toString('base64') };
      });
      for (const each of some) each.isNew = false;
      return { writes: rows, value: undefined };
    }).catch((error: unknown) => {
      for (const each of some) each.isNew = true;
      throw error;
    });
  };
  const read = async (device: string): Promise<Map<number, Uint8Array>> => {
    const query = { kind: 'uptime', index: 'device', equals: device, limit: uptimeShownDays + 1, descending: true } as const;
    const found = new Map((await store.query(query)).map(({ row }) => [(row as UptimeRow).day, bitsOf(row as UptimeRow)]));
    const day = days.get(device);
    const written = day && found.get(day.day);
    if (day) found.set(day.day, written ? eitherUp(written, day.bits) : day.bits);
    return found;
  };
  return {
    mark,
    flush,
    async of({ id, enrolledAt }) {
      const now = clock.now();
      if (!own || now - own.at > ownKeptMs) own = { at: now, days: read(ownName) };
      return uptimeOf(await read(id), await own.days, enrolledAt, now);
    },
    loop() {
      let flushedAt = clock.now();
      mark(ownName);
      return loop('uptime', lookEveryMs, ports, async () => {
        mark(ownName);
        if (clock.now() - flushedAt < flushEveryMs) return;
        flushedAt = clock.now();
        await flush();
      });
    },
  };
}

function idOf({ device, day }: Pick<Day, 'device' | 'day'>): string {
  return `${device}/${day}`;
}

function bitsOf({ bits }: UptimeRow): Uint8Array {
  return new Uint8Array(Buffer.from(bits, 'base64'));
}

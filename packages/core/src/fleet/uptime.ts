// Uptime: one bit for each minute of a day in which a device was in a session, as control observed it. Rows of one day are put together by OR.
import type { Instant, UptimeView } from '@iog/protocol';

const minuteMs = 60_000;
const minutesOfDay = 1_440;
export const uptimeBytes = minutesOfDay / 8;
/** What is shown of a device's past. */
export const uptimeShownDays = 30;

/** Bits by day; a day is counted from the epoch. */
export type DaysUp = ReadonlyMap<number, Uint8Array>;

export function dayOf(at: Instant): number {
  return Math.floor(at / (minuteMs * minutesOfDay));
}

/** Sets the bit of a moment's minute in its day's bits; tells whether it was not set before. */
export function markMinute(bits: Uint8Array, at: Instant): boolean {
  const minute = Math.floor(at / minuteMs) % minutesOfDay;
  const [byte, mask] = [minute >> 3, 1 << (minute & 7)];
  if (((bits[byte] ?? 0) & mask) !== 0) return false;
  bits[byte] = (bits[byte] ?? 0) | mask;
  return true;
}

export function eitherUp(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte | (b[i] ?? 0));
}

/**
 * The share of minutes in which the device was there, of those in which control was there to see it: control's own outage counts for nobody,
 * and so does the unwritten last hour that a crash of control forgets. Null where nothing was observed.
 */
export function uptimeOf(device: DaysUp, control: DaysUp, enrolledAt: Instant, now: Instant): UptimeView | null {
  const from = Math.max(Math.ceil(enrolledAt / minuteMs), Math.floor(now / minuteMs) - uptimeShownDays * minutesOfDay);
  let [observed, up] = [0, 0];
  for (const [day, seen] of control) {
    const own = device.get(day);
    for (let minute = Math.max(0, from - day * minutesOfDay); minute < minutesOfDay; minute++) {
      const [byte, mask] = [minute >> 3, 1 << (minute & 7)];
      if (((seen[byte] ?? 0) & mask) === 0) continue;
      observed += 1;
      if (((own?.[byte] ?? 0) & mask) !== 0) up += 1;
    }
  }
  if (observed === 0) return null;
  return { basis: 'observed', share: up / observed, upMinutes: up, observedMinutes: observed, days: uptimeShownDays };
}

// Time: whole milliseconds UTC. Durations carry their unit last.
import { Type } from 'typebox';

/** Milliseconds since 1970, UTC, on control's clock. */
export type Instant = number;
export const InstantSchema = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 });
export const DurationMsSchema = Type.Integer({ minimum: 0, maximum: 366 * 24 * 3_600_000 });

export const minuteMs = 60_000;
export const hourMs = 3_600_000;

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `2h`, `1h30m`, `1d` → milliseconds; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^([0-9]{1,9}(ms|s|min|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, name] of text.matchAll(/([0-9]+)(ms|s|min|m|h|d)/g)) total += Number(count) * (units[name ?? ''] ?? 0);
  return Number.isSafeInteger(total) ? total : undefined;
}

/** A duration as people read it: `850 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`. */
export function formatDurationMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ''}`;
  const minutes = Math.round(ms / 60_000);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

/* oxlint-disable no-restricted-globals -- the calendar of a time that is given; nothing here reads a clock */
/** `2026-11`, UTC. */
export function monthOf(at: Instant): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** A month is [from, to). */
export function boundsOf(month: string): { readonly from: Instant; readonly to: Instant } {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return { from: Date.UTC(year, number - 1), to: Date.UTC(year, number) };
}

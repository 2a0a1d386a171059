// How values look to people: tables, sizes, money, times. Pure.
import { formatAmount, type Currency } from '@iog/protocol';

/** Rows in aligned columns, two spaces apart; columns in `right` are flushed right. No trailing spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      widths
        .map((width, column) => (right.includes(column) ? (row[column] ?? '').padStart(width) : (row[column] ?? '').padEnd(width)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values in two aligned columns. */
export function pairs(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n');
}

/** `1.50 TUSD` */
export function money(micro: string | bigint, currency: Currency): string {
  return `${formatAmount(BigInt(micro))} ${currency}`;
}

const sizes: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 1e3,
  KB: 1e3,
  M: 1e6,
  MB: 1e6,
  G: 1e9,
  GB: 1e9,
  T: 1e12,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

/** `2GB`, `1.5GiB`, `500000000` → bytes; undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([A-Za-z]{0,3})$/.exec(text);
  const factor = sizes[(match?.[2] ?? '').toUpperCase()];
  if (!match || factor === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `2.0 GB`, decimal. */
export function formatBytes(bytes: number): string {
  for (const [unit, factor] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['KB', 1e3],
  ] as const) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

/** What something waits for, to stand behind the words "waits for". */
export function waitReason(waitsFor: string): string {
  return waitsFor.replace(/^waits for /, '');
}

/** UTC, to the second. */
export function formatInstant(at: number | null): string {
  return at === null ? '-' : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** How many cores, and which: `1 core (0)`, `5 cores (0-3,6)`; nothing for none. */
export function formatCores(cores: readonly number[]): string {
  return cores.length === 0 ? '' : `${countOf(cores.length, 'core')} (${coreRanges(cores)})`;
}

/** `1 core`, `2 cores` */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Core numbers as ranges: `0-3,6`. */
export function coreRanges(cores: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const core of cores.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === core - 1) last[1] = core;
    else runs.push([core, core]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

/** `0-3,6` → numbers; undefined for anything else. */
export function parseCores(text: string): number[] | undefined {
  if (!/^[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*$/.test(text)) return undefined;
  const cores = new Set<number>();
  for (const piece of text.split(',')) {
    const [from = 0, to = from] = piece.split('-').map(Number);
    if (to < from) return undefined;
    for (let core = from; core <= to; core++) cores.add(core);
  }
  return [...cores].toSorted((a, b) => a - b);
}

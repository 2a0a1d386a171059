// One line of the bench: a figure, the floor or peer from the same run that it is compared with, and the ratio of the two.

export interface Line {
  readonly name: string;
  readonly unit: 'ms' | '/s' | 'µs' | 'B';
  /** Medians. */
  readonly measured: number;
  readonly peer: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
  readonly samples: readonly number[];
  readonly peerSamples: readonly number[];
}

export interface Measured {
  readonly lines: readonly Line[];
  /** Where the time went: shown below the table, told whole with --json. */
  readonly breakdown?: readonly string[];
  readonly detail?: unknown;
}

export interface Bench {
  readonly name: string;
  run(options: { readonly runs: number; readonly say: (line: string) => void }): Promise<Measured>;
}

export function lineOf(
  name: string,
  unit: Line['unit'],
  samples: readonly number[],
  peerName = '',
  peerSamples: readonly number[] = [],
): Line {
  const measured = median(samples);
  const peer = peerSamples.length === 0 ? null : median(peerSamples);
  // Each sample has its partner from the same minute: the median of their ratios shrugs off what disturbed one pair.
  const ratios = peerSamples.length === samples.length ? samples.map((sample, i) => sample / (peerSamples[i] ?? Number.NaN)) : [];
  return { name, unit, measured, peer, peerName, ratio: ratios.length === 0 ? null : median(ratios), samples, peerSamples };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function figure(value: number | null, unit: Line['unit']): string {
  if (value === null || Number.isNaN(value)) return '-';
  if (unit === 'ms' && value < 100) return `${value.toFixed(value < 1 ? 3 : 1)} ms`;
  if (unit === 'µs' || unit === 'B') return `${Math.round(value)} ${unit}`;
  return unit === 'ms' ? `${(value / 1_000).toFixed(2)} s` : `${Math.round(value)} /s`;
}

export function tableOf(lines: readonly Line[]): string {
  const head = ['what', 'median', 'peer', 'median of peer', 'ratio', 'runs'];
  const rows = lines.map(({ name, unit, measured, peer, peerName, ratio, samples }) => [
    name,
    figure(measured, unit),
    peerName === '' ? '-' : peerName,
    figure(peer, unit),
    ratio === null ? '-' : ratio.toFixed(2),
    String(samples.length),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const isNumber = [false, true, false, true, true, true];
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => (isNumber[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

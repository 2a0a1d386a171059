// A plot of placement's time against the number of devices, both by powers of ten, written as SVG from the figures of the same run.
import type { PlacementPoint } from '../placement.ts';

const [width, height, left, bottom, top, right] = [640, 380, 70, 50, 40, 150];

interface Drawn {
  readonly name: string;
  readonly colour: string;
  readonly of: (point: PlacementPoint) => number;
}
const drawn: readonly Drawn[] = [
  { name: 'index, p50', colour: '#0b6e4f', of: ({ p50Ms }) => p50Ms },
  { name: 'index, p99', colour: '#d1495b', of: ({ p99Ms }) => p99Ms },
  { name: 'plain scan, p50', colour: '#5c6b73', of: ({ scanP50Ms }) => scanP50Ms },
];

export function plotOf(points: readonly PlacementPoint[]): string {
  const values = points.flatMap((point) => drawn.map(({ of }) => of(point)));
  const [xFrom, xTo] = powers(points.map(({ devices }) => devices));
  const [yFrom, yTo] = powers(values.filter((value) => value > 0));
  const x = (devices: number): number => left + ((Math.log10(devices) - xFrom) / (xTo - xFrom)) * (width - left - right);
  const y = (tookMs: number): number => height - bottom - ((Math.log10(tookMs) - yFrom) / (yTo - yFrom)) * (height - bottom - top);
  const grid = [
    ...range(xFrom, xTo).map((power) => line(x(10 ** power), top, x(10 ** power), height - bottom)),
    ...range(yFrom, yTo).map((power) => line(left, y(10 ** power), width - right, y(10 ** power))),
  ];
  const labels = [
    ...range(xFrom, xTo).map((power) => text(x(10 ** power), height - bottom + 18, (10 ** power).toLocaleString('en'), 'middle')),
    ...range(yFrom, yTo).map((power) => text(left - 8, y(10 ** power) + 4, `${10 ** power} ms`, 'end')),
    text((left + width - right) / 2, height - 12, 'devices', 'middle'),
    text(left, 22, 'Time to search 8 nodes with 4 filters, devices changing meanwhile', 'start'),
  ];
  const curves = drawn.flatMap(({ name, colour, of }) => {
    const at = points.map((point) => `${x(point.devices).toFixed(1)},${y(of(point)).toFixed(1)}`);
    const last = points.at(-1);
    return [
      `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...at.map((point) => `<circle cx="${point.split(',')[0] ?? ''}" cy="${point.split(',')[1] ?? ''}" r="3" fill="${colour}"/>`),
      ...(last ? [text(x(last.devices) + 8, y(of(last)) + 4, `${name}: ${of(last).toFixed(1)} ms`, 'start', colour)] : []),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...grid,
    ...labels,
    ...curves,
    '</svg>',
    '',
  ].join('\n');
}

function powers(values: readonly number[]): [from: number, to: number] {
  return [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#dddddd"/>`;
}

function text(x: number, y: number, said: string, anchor: string, fill = '#333333'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${fill}">${said}</text>`;
}

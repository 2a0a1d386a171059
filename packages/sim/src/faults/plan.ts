// What goes wrong, and when: a list drawn from the seed before the run, so that any part of it can be left out and tried again.
import { type Chance, chance } from '../engine/chance.ts';

export const faultKinds = [
  'weather',
  'partition',
  'half-open',
  'cut',
  'kill control',
  'freeze control',
  'kill worker',
  'freeze worker',
  'crash control at a port',
  'crash worker at a port',
  'torn spool',
  'disk full',
  'clock of control jumps',
  'clock of a device jumps',
  'node dies',
  'nodes start badly',
  'foreign load',
  'capacity lies',
  'store refuses',
  'store loses replies',
  'store full',
  'slow store',
  'hostile link',
  'cloned disk',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** `draw`: a seed of its own for whatever is drawn while it is on. `target`: which of the devices or controls, as a share of their number. */
export interface Fault {
  readonly id: number;
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  readonly target: number;
  readonly strength: number;
}

/** About so many an hour for ten devices. */
const anHour = 14;

export function planFaults(seed: number, untilMs: number, devices: number): Fault[] {
  const draw: Chance = chance(seed, 'faults');
  const count = Math.ceil((untilMs / 3_600_000) * anHour * (0.5 + devices / 20));
  const faults = Array.from({ length: count }, (_, id): Fault => {
    const kind = draw.pick(faultKinds);
    const atMs = draw.between(60_000, untilMs);
    return { id, kind, atMs, forMs: draw.between(5_000, draw.hits(0.2) ? 1_800_000 : 200_000), target: draw.unit(), strength: draw.unit() };
  });
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

export function sayFault({ id, kind, atMs, forMs, target, strength }: Fault): string {
  return `#${id} ${kind} at ${(atMs / 1_000).toFixed(1)} s for ${(forMs / 1_000).toFixed(1)} s, target ${target.toFixed(3)}, strength ${strength.toFixed(3)}`;
}

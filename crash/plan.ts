// Which round kills what: every named point once, then the dice. Pure.
import { type ControlPoint, type WorkerPoint, controlPoints, workerPoints } from './points.ts';
import type { Dice } from './random.ts';

export type Blow =
  | { readonly victim: 'control' | 'all' | 'server' }
  | { readonly victim: 'worker' | 'node'; readonly which: number }
  | { readonly victim: 'control'; readonly point: ControlPoint; readonly times: number }
  | { readonly victim: 'worker'; readonly which: number; readonly point: WorkerPoint; readonly times: number };

/** One blow a round. Where there are more points than rounds, a random choice of them, with a third of the rounds left to the dice. */
export interface Victims {
  readonly workers: number;
  /** A database server stands beside control, and can be killed too. */
  readonly hasServer: boolean;
}

export function planRounds(rounds: number, { workers, hasServer }: Victims, dice: Dice): Blow[] {
  const times = (): number => dice.between(1, 6);
  const points: Blow[] = dice.shuffled([
    ...controlPoints.map((point): Blow => ({ victim: 'control', point, times: point.startsWith('blob') ? 1 : times() })),
    ...workerPoints.map((point): Blow => ({ victim: 'worker', which: dice.below(workers), point, times: dice.between(1, 2) })),
  ]);
  const named = points.slice(0, rounds < points.length * 1.5 ? Math.ceil((rounds * 2) / 3) : points.length);
  const random = Array.from({ length: Math.max(0, rounds - named.length) }, (): Blow => {
    return hasServer && dice.chance(30) ? { victim: 'server' } : randomBlow(workers, dice);
  });
  return dice.shuffled([...named, ...random]);
}

function randomBlow(workers: number, dice: Dice): Blow {
  const thrown = dice.below(100);
  if (thrown < 30) return { victim: 'control' };
  if (thrown < 50) return { victim: 'all' };
  if (thrown < 60) {
    const point = dice.pick(controlPoints) ?? 'store.before-commit';
    return { victim: 'control', point, times: point.startsWith('blob') ? 1 : dice.between(1, 40) };
  }
  if (thrown < 70)
    return {
      victim: 'worker',
      which: dice.below(workers),
      point: dice.pick(workerPoints) ?? 'spool.before-append',
      times: dice.between(1, 4),
    };
  return { victim: thrown < 88 ? 'worker' : 'node', which: dice.below(workers) };
}

export function nameOf(blow: Blow): string {
  return 'point' in blow ? `${blow.victim} at ${blow.point}` : blow.victim;
}

// What the network between two places does to messages at present: the sum of the faults that are on.
import type { Chance } from './chance.ts';

/** Shares of 1 and milliseconds. `cut*`: nothing passes in that direction. */
export interface Weather {
  readonly loss: number;
  readonly twice: number;
  readonly late: number;
  readonly lateMs: number;
  readonly isCutUp: boolean;
  readonly isCutDown: boolean;
}

export const fair: Weather = { loss: 0, twice: 0, late: 0, lateMs: 0, isCutUp: false, isCutDown: false };

export function worse(a: Weather, b: Partial<Weather>): Weather {
  return {
    loss: Math.max(a.loss, b.loss ?? 0),
    twice: Math.max(a.twice, b.twice ?? 0),
    late: Math.max(a.late, b.late ?? 0),
    lateMs: Math.max(a.lateMs, b.lateMs ?? 0),
    isCutUp: a.isCutUp || b.isCutUp === true,
    isCutDown: a.isCutDown || b.isCutDown === true,
  };
}

export type Mishap = 'lost' | 'doubled' | 'delayed' | 'cut';

/** When copies of one message arrive, in ms from now; none where it is lost. */
export function arrivals(weather: Weather, isUp: boolean, draw: Chance, mishap: (kind: Mishap) => void): number[] {
  const latencyMs = 5 + draw.between(0, 40);
  if (isUp ? weather.isCutUp : weather.isCutDown) return (mishap('cut'), []);
  if (weather.loss > 0 && draw.hits(weather.loss)) return (mishap('lost'), []);
  const isLate = weather.late > 0 && draw.hits(weather.late);
  if (isLate) mishap('delayed');
  const first = latencyMs + (isLate ? draw.between(1, weather.lateMs) : 0);
  if (weather.twice === 0 || !draw.hits(weather.twice)) return [first];
  mishap('doubled');
  return [first, first + draw.between(1, 2_000)];
}

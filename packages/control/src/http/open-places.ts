// What an account holds open: streams of events and tunnels, so many at once, of this replica. Each takes a connection, timers and memory.
import type { Rejection } from '@iog/protocol';
import { openLimits } from '../limits.ts';

export type Held = keyof typeof openLimits;

export interface OpenPlaces {
  /** Counts one until its connection has closed; the rejection where the account holds as many as it may. */
  hold(kind: Held, account: string, connection: Connection): Rejection | undefined;
}

interface Connection {
  /** One that is gone already tells its end to nobody. */
  readonly destroyed: boolean;
  once(event: 'close', done: () => void): unknown;
}

export function openPlaces(): OpenPlaces {
  const held = new Map<string, number>();
  return {
    hold(kind, account, connection) {
      const own = `${kind}/${account}`;
      const { most, what } = openLimits[kind];
      const before = held.get(own) ?? 0;
      if (before >= most) return { code: 'connection.full', context: { open: most, what } };
      if (connection.destroyed) return undefined;
      held.set(own, before + 1);
      connection.once('close', () => {
        const left = (held.get(own) ?? 1) - 1;
        if (left > 0) held.set(own, left);
        else held.delete(own);
      });
      return undefined;
    },
  };
}

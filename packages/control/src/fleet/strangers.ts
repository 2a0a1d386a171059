// Links that have not become a session yet: how many there may be, and how many of one network once many of the places are taken.
import { sessionLimits } from '../limits.ts';

export interface Strangers {
  /** The way to give the place back, once or again; undefined where there is none for a link of this network. */
  enter(network: string | undefined): (() => void) | undefined;
}

export function strangers({ strangers: most, crowded, ofOneNetwork }: Limits = sessionLimits): Strangers {
  const byNetwork = new Map<string, number>();
  let all = 0;
  return {
    enter(network = '') {
      const own = byNetwork.get(network) ?? 0;
      // Else whoever holds many links open and says nothing would keep out every device that comes back.
      if (all >= most || (all >= crowded && own >= ofOneNetwork && network !== '')) return undefined;
      all += 1;
      byNetwork.set(network, own + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        all -= 1;
        const left = (byNetwork.get(network) ?? 1) - 1;
        if (left > 0) byNetwork.set(network, left);
        else byNetwork.delete(network);
      };
    },
  };
}

interface Limits {
  readonly strangers: number;
  readonly crowded: number;
  readonly ofOneNetwork: number;
}

// Keeps this replica alive among the others, and tells each what the other needs to know of devices. Alone, it only renews its claims.
import type { ControlPorts, Timer } from '../ports.ts';
import { type Loop, loop } from '../loop.ts';
import { readPresences, writePresences } from './presence.ts';

export interface ReplicaEvents {
  /** The sessions look at their devices' rows, which another replica may have changed. */
  readonly look: () => Promise<void>;
  /** There are shards that were not this replica's before. */
  readonly gained: () => void;
}

export function replicaLoop(ports: ControlPorts, { look, gained }: ReplicaEvents): Loop {
  const { replicaMs } = ports.periods;
  let wasAlone = true;
  const running = loop('replica', replicaMs, ports, async () => {
    if (await ports.replica.refresh()) gained();
    ports.live.forget(ports.clock.now());
    if (!ports.replica.areOthers()) {
      wasAlone = true;
      return ports.live.heard([]);
    }
    await look();
    await writePresences(ports, { all: wasAlone });
    wasAlone = false;
    ports.replica.told();
    return readPresences(ports);
  });
  // Also while the time stands still, as it does after a clock was set back: the others' time is heard here, and moves it on.
  let timer: Timer;
  const tick = (): void => {
    timer = ports.clock.after(replicaMs, () => (tick(), running.wake('tick')));
  };
  tick();
  return { ...running, stop: () => (timer.cancel(), running.stop()) };
}

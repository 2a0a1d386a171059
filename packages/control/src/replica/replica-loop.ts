// Keeps this replica alive among the others, and tells each what the other needs to know of devices. Alone, it only renews its claims.
import type { ControlPorts } from '../ports.ts';
import { type Loop, loop } from '../loop.ts';
import { readPresences, writePresences } from './presence.ts';

/** `look`: the sessions look at their devices' rows, which another replica may have changed. */
export function replicaLoop(ports: ControlPorts, look: () => Promise<void>): Loop {
  return loop('replica', ports.periods.replicaMs, ports, async () => {
    if (await ports.replica.refresh()) {
      ports.signals.wake('cluster', '');
      ports.signals.wake('minute', '');
    }
    if (!ports.replica.areOthers()) return ports.live.heard([]);
    await look();
    await writePresences(ports);
    ports.replica.told();
    await readPresences(ports);
  });
}

// A replica that is alone and runs everything: for tests of one room, whose rows say nothing of replicas.
import type { Instant } from '@iog/protocol';
import type { Replica } from '../replica/membership.ts';

export function loneReplica(now: () => Instant, reconnectMs: number): Replica {
  const since = now();
  const me = { id: 'lone', generation: 1 };
  const row = { kind: 'replica', ...me, since, until: Number.MAX_SAFE_INTEGER } as const;
  return {
    ...me,
    mine: () => true,
    holds: () => Promise.resolve(true),
    areOthers: () => false,
    watch: () => ({ replicas: new Map([[me.id, row]]), since, reconnectMs, now: now() }),
    told: () => undefined,
    refresh: () => Promise.resolve(false),
    leave: () => Promise.resolve(),
  };
}

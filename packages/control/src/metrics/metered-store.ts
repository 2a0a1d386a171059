// A store that counts and times its commits, and knows how many are under way: the length of the commit queue.
import type { EntryRow } from '@iog/core';
import type { Commit, Store } from '../store/store.ts';
import type { Meter } from './meter.ts';

export interface MeteredStore extends Store {
  commitsWaiting(this: void): number;
}

export function meteredStore(store: Store, meter: Meter): MeteredStore {
  let waiting = 0;
  return {
    ...store,
    commitsWaiting: () => waiting,
    async commit(commit: Commit) {
      const startedMs = performance.now();
      const timed = (outcome: 'ok' | 'stale' | 'fault'): void => meter.time('commit', { outcome }, performance.now() - startedMs);
      waiting += 1;
      try {
        const result = await store.commit(commit);
        timed(result.ok ? 'ok' : 'stale');
        if (result.ok) countEntries(commit, meter);
        else meter.count('stale', {});
        return result;
      } catch (cause) {
        timed('fault');
        meter.count('store_faults', { code: (cause as { code?: string }).code ?? 'unexpected' });
        throw cause;
      } finally {
        waiting -= 1;
      }
    },
  };
}

function countEntries({ writes }: Commit, meter: Meter): void {
  for (const row of writes) if (row.kind === 'entry') meter.count('entries', { kind: (row as EntryRow).entry });
}

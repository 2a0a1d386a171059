// The store as one control process has it: the real one over one database in memory, with latency, faults and places to die at.
import { StoreFault, type Commit, type CommitResult, type Store } from '@iog/control/sim';
import { never, type Proc } from '../engine/proc.ts';
import type { World } from '../engine/world.ts';

export interface StoreFaults {
  /** Commits that the store refuses before it writes them. */
  refuse: number;
  /** Commits that are written, and whose answer is lost. */
  loseReply: number;
  /** Milliseconds that every call takes longer. */
  slowMs: number;
  isFull: boolean;
}

export const soundStore = (): StoreFaults => ({ refuse: 0, loseReply: 0, slowMs: 0, isFull: false });

interface Around {
  readonly faults: StoreFaults;
  /** Told of every commit that stands, at the moment from which it does. */
  readonly committed: (commit: Commit) => void;
  readonly hit: (fault: 'refused' | 'reply-lost' | 'full') => void;
}

export function storeOf(world: World, proc: Proc, inner: Store, { faults, committed, hit }: Around): Store {
  const lives = proc.lives();
  const draw = world.chance(`store/${proc.name}`);
  const pass = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (!lives() || proc.diesAt('before', name)) return never();
    const ms = (draw.hits(0.25) ? draw.between(1, 5) : 0) + faults.slowMs;
    if (ms > 0) await proc.pause(ms, '');
    const done = await work();
    if (!lives() || proc.diesAt('after', name)) return never();
    return done;
  };
  return {
    load: (keys) => pass('store.load', () => inner.load(keys)),
    query: (query) => pass('store.query', () => inner.query(query)),
    commit: (commit) =>
      pass('store.commit', async (): Promise<CommitResult> => {
        if (faults.isFull) throw (hit('full'), new StoreFault('store.full', 'the disk is full: make room'));
        if (faults.refuse > 0 && draw.hits(faults.refuse))
          throw (hit('refused'), new StoreFault('store.busy', 'the store is busy: try again'));
        const result = await inner.commit(commit);
        if (!lives()) return never();
        if (result.ok) stands(world, proc, commit, committed);
        if (faults.loseReply > 0 && draw.hits(faults.loseReply))
          throw (hit('reply-lost'), new StoreFault('store.io', 'the answer was lost: try again'));
        if (draw.hits(0.25)) await proc.pause(draw.between(1, 5), '');
        return result;
      }),
    close: () => Promise.resolve(),
  };
}

function stands(world: World, proc: Proc, commit: Commit, committed: Around['committed']): void {
  world.tell(`${proc.name} commits ${commit.writes.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`);
  committed(commit);
}

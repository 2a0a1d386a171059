// What a key has opened and keeps open (streams of events, tunnels) ends when the key does: told at once, and looked at by the clock too.
import type { Rejection, Scope } from '@iog/protocol';
import { type KeyRow, authorise } from '@iog/core';
import type { ControlPorts } from '../ports.ts';

export interface KeyWatch {
  /** Calls back once with the reason when the key, named by its hash, may not do this any more. Gives back the way to stop watching. */
  watch(this: void, key: string, scope: Scope, ended: (why: Rejection) => void): () => void;
  stop(): void;
}

interface Watched {
  readonly scope: Scope;
  readonly ended: (why: Rejection) => void;
}

const keysAtOnce = 500;

/** A key's end by its time, and one whose wake-up was lost, are noticed within `everyMs` and a look at the store. */
export function keyWatch(ports: Pick<ControlPorts, 'store' | 'clock' | 'signals' | 'log'>, everyMs = 1_000): KeyWatch {
  const byKey = new Map<string, Set<Watched>>();
  const forget = (key: string, watched: Watched): void => {
    const set = byKey.get(key);
    set?.delete(watched);
    if (set?.size === 0) byKey.delete(key);
  };
  const look = async (keys: readonly string[]): Promise<void> => {
    const found = await ports.store.load(keys.map((id) => ({ kind: 'key', id })));
    for (const [i, key] of keys.entries()) {
      for (const watched of byKey.get(key) ?? []) {
        const why = authorise(found[i]?.row as KeyRow | undefined, watched.scope, ports.clock.now());
        if (!why) continue;
        forget(key, watched);
        watched.ended(why);
      }
    }
  };
  const lookAt = async (keys: readonly string[]): Promise<void> => {
    try {
      for (let at = 0; at < keys.length; at += keysAtOnce) await look(keys.slice(at, at + keysAtOnce));
    } catch (error) {
      // What is open stays open until the store answers again: the next look is soon.
      ports.log({ level: 'warn', event: 'key.unwatched', error: String(error) });
    }
  };

  const off = ports.signals.on('key', (key) => void (byKey.has(key) && lookAt([key])));
  let looking = false;
  const timer = setInterval(() => {
    if (looking || byKey.size === 0) return;
    looking = true;
    void lookAt([...byKey.keys()]).finally(() => (looking = false));
  }, everyMs);
  timer.unref();
  return {
    watch(key, scope, ended) {
      const watched: Watched = { scope, ended };
      byKey.set(key, (byKey.get(key) ?? new Set()).add(watched));
      // It may have ended between the door and here.
      void lookAt([key]);
      return () => forget(key, watched);
    },
    stop() {
      off();
      clearInterval(timer);
      byKey.clear();
    },
  };
}

// Wake-ups between rooms of one control process. Losing one loses nothing: every loop also runs by its own clock.

export type SignalName = 'cluster' | 'device' | 'minute' | 'event' | 'key';

export interface Signals {
  /** `trace` is the request that this comes from: it goes along into logs, and decides nothing. */
  wake(name: SignalName, id: string, trace?: string): void;
  /** Calls back with each id that is woken; gives back the way to stop. */
  on(name: SignalName, listener: (id: string, trace: string | undefined) => void): () => void;
}

export function localSignals(): Signals {
  const listeners = new Map<SignalName, Set<(id: string, trace: string | undefined) => void>>();
  return {
    wake(name, id, trace) {
      for (const listener of listeners.get(name) ?? []) listener(id, trace);
    },
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener));
      return () => set.delete(listener);
    },
  };
}

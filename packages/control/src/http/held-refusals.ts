// Refusals under overload that are kept waiting: who asks again at once, whatever it was told, is slowed to what refusing can bear.
import { heldRefusals as limits } from '../limits.ts';

export interface HeldRefusals {
  /** Resolves when the refusal may be sent: after a while; at once where as many wait as may, or control is told to end. */
  wait(this: void): Promise<void>;
  release(this: void): void;
}

export function heldRefusals(): HeldRefusals {
  const waiting = new Map<NodeJS.Timeout, () => void>();
  let isReleased = false;
  return {
    wait() {
      if (isReleased || waiting.size >= limits.most) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(timer);
          resolve();
        }, limits.forMs);
        waiting.set(timer, resolve);
      });
    },
    release() {
      isReleased = true;
      for (const [timer, go] of waiting) {
        clearTimeout(timer);
        go();
      }
      waiting.clear();
    },
  };
}

// What each device may do in a time, over all its sessions: a device that comes back is the same device. One small record each.
import type { Instant } from '@iog/protocol';
import { sessionLimits } from '../limits.ts';

interface Bucket {
  left: number;
  at: Instant;
}
type Rate = { readonly burst: number; readonly perSecond: number };

export interface Allowance {
  /** 0 where it may open a session now, else in how many ms it may. */
  open(now: Instant): number;
  /** Whether this message is still within its rate. */
  message(length: number, now: Instant): boolean;
}
export interface Allowances {
  of(device: string): Allowance;
  /** Lets go of those that have used nothing of late. */
  forget(now: Instant): void;
}

export function allowances(): Allowances {
  const { opens, messages } = sessionLimits;
  const all = new Map<string, Allowance & { readonly isUnused: (now: Instant) => boolean }>();
  const fresh = () => {
    const opened: Bucket = { left: opens.burst, at: 0 };
    const said: Bucket = { left: messages.burst, at: 0 };
    return {
      open(now: Instant) {
        if (take(opened, opens, 1, now)) return 0;
        return Math.ceil(((1 - opened.left) * 1_000) / opens.perSecond);
      },
      message: (length: number, now: Instant) => take(said, messages, 1 + length / messages.bytesEach, now),
      isUnused: (now: Instant) => leftOf(opened, opens, now) === opens.burst && leftOf(said, messages, now) === messages.burst,
    };
  };
  return {
    of(device) {
      const known = all.get(device) ?? fresh();
      all.set(device, known);
      return known;
    },
    forget(now) {
      for (const [device, allowance] of all) if (allowance.isUnused(now)) all.delete(device);
    },
  };
}

function leftOf({ left, at }: Bucket, { burst, perSecond }: Rate, now: Instant): number {
  return Math.min(burst, left + (Math.max(0, now - at) * perSecond) / 1_000);
}

function take(bucket: Bucket, rate: Rate, cost: number, now: Instant): boolean {
  bucket.left = leftOf(bucket, rate, now);
  bucket.at = now;
  if (bucket.left < Math.min(cost, rate.burst)) return false;
  bucket.left -= cost;
  return true;
}

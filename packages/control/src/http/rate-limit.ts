// How often anyone may ask: by address, by account or device, and less often for what costs most. Told on every answer, as the IETF's draft
// "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10) has it: RateLimit-Policy and RateLimit. In memory, of this replica.
import { isIPv6 } from 'node:net';
import { type Policy, type RouteName, rateLimitsOf } from '@iog/protocol';

const windowS = 60;
/** Callers remembered for each limit; the one that was silent longest is forgotten first. */
const callersKept = 10_000;

/** Where a caller stands with one limit. */
export interface Allowance {
  readonly name: string;
  /** Requests in `windowS`. */
  readonly quota: number;
  readonly left: number;
  /** Until the whole quota is there again. */
  readonly resetS: number;
  /** 0 when the request may go on, else the seconds to wait. */
  readonly waitS: number;
}

export interface RateLimit {
  take(caller: string): Allowance;
}

/** A bucket for each caller that refills evenly; a request that is refused takes nothing out of it. */
export function rateLimit(name: string, quota: number, now: () => number): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(caller) {
      const at = now();
      const bucket = buckets.get(caller) ?? { left: quota, at };
      const refilled = Math.min(quota, bucket.left + ((at - bucket.at) * quota) / (windowS * 1_000));
      const left = refilled >= 1 ? refilled - 1 : refilled;
      buckets.delete(caller);
      buckets.set(caller, { left, at });
      const oldest = buckets.size > callersKept ? buckets.keys().next().value : undefined;
      if (oldest !== undefined) buckets.delete(oldest);
      const waitS = refilled >= 1 ? 0 : Math.max(1, Math.ceil(((1 - refilled) * windowS) / quota));
      return { name, quota, left: Math.floor(left), resetS: Math.ceil(((quota - left) * windowS) / quota), waitS };
    },
  };
}

export interface RateLimits {
  /** Whoever asks from there, for anything. */
  address(address: string): Allowance;
  /** Whoever shows no key or signature that is known: so that none can be guessed at speed. */
  stranger(address: string): Allowance;
  /** All keys of an account together, or a device; and for some routes a second, lower limit. Ends with the first that is passed. */
  caller(caller: string, route: RouteName): readonly Allowance[];
}

const dear: Partial<Record<RouteName, 'quotes' | 'creates'>> = {
  'quote.create': 'quotes',
  'cluster.create': 'creates',
  'key.create': 'creates',
  'invitation.create': 'creates',
};

export function rateLimits(policy: Policy, now: () => number): RateLimits {
  const quotas = rateLimitsOf(policy);
  const [byAddress, stranger] = [rateLimit('address', quotas.address, now), rateLimit('stranger', quotas.requests, now)];
  const account = rateLimit('account', quotas.requests, now);
  const special = { quotes: rateLimit('quotes', quotas.quotes, now), creates: rateLimit('creates', quotas.creates, now) };
  return {
    address: (address) => byAddress.take(networkOf(address)),
    stranger: (address) => stranger.take(networkOf(address)),
    caller(caller, route) {
      const usual = account.take(caller);
      const name = dear[route];
      return name === undefined || usual.waitS > 0 ? [usual] : [usual, special[name].take(caller)];
    },
  };
}

/** Whoever has one IPv6 address has 2^64 of them: their network counts as one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [before = '', after] = address.split('%', 1)[0]?.toLowerCase().split('::') ?? [];
  const groups = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const whole =
    after === undefined ? groups : [...groups, ...Array<string>(Math.max(0, 8 - groups.length - tail.length)).fill('0'), ...tail];
  return `${whole
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/** This machine's own: whoever calls from there, a proxy that tells nobody's address among them, is many callers or a trusted one. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** The headers that tell them. */
export function rateLimitHeaders(allowances: readonly Allowance[]): Readonly<Record<string, string>> {
  if (allowances.length === 0) return {};
  return {
    'ratelimit-policy': allowances.map(({ name, quota }) => `"${name}";q=${quota};w=${windowS}`).join(', '),
    ratelimit: allowances.map(({ name, left, resetS }) => `"${name}";r=${left};t=${resetS}`).join(', '),
  };
}

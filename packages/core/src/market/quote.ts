// Quotes: priced, expiring terms for placed nodes. They reserve nothing; control signs the body that is made here.
import type { AccountId, Demand, Instant, Policy, Quote, QuoteId, QuoteNode, Rejection } from '@iog/protocol';
import { accruedUp, formatAmount, minuteMs } from '@iog/protocol';
import { type Decision, accept, reject } from '../decision.ts';
import { shapesOf } from './demand.ts';
import { isolationOf } from '../fleet/device-view.ts';
import type { PlacedNode, Placement } from '../placement/place.ts';

export type QuoteBody = Omit<Quote, 'signature'>;
export interface QuoteTerms {
  readonly id: QuoteId;
  readonly account: AccountId;
  readonly demand: Demand;
  readonly placement: Placement;
  readonly policy: Policy;
  readonly policyHash: string;
  readonly now: Instant;
}

/**
 * The quote without its signature. Its cap is what the renter set, else the whole time at the whole rate, rounded up.
 * Rejects `quote.empty` where nothing was placed, `request.refused` for a cap below one minute of the whole rate.
 */
export function quoteBody({ id, account, demand, placement, policy, policyHash, now }: QuoteTerms): Decision<QuoteBody> {
  const { nodes, emptiedBy, rateMicroPerHour, latencyUpToMs } = placement;
  if (nodes === null) return reject('quote.empty', { reason: emptiedBy ? `${emptiedBy.filter}: ${emptiedBy.detail}` : 'no device' });
  const told = (micro: bigint): string => `${formatAmount(micro)} ${policy.currency}`;
  const leastMicro = accruedUp(rateMicroPerHour, minuteMs);
  const capMicro = demand.capMicro === undefined ? wholeMicro(nodes, demand) : BigInt(demand.capMicro);
  if (capMicro < leastMicro) {
    return reject('request.refused', { detail: `the cap is ${told(capMicro)}, and one minute of these nodes costs ${told(leastMicro)}` });
  }
  return accept([], {
    id,
    account,
    at: now,
    expiresAt: now + policy.cluster.quoteValidMs,
    demand,
    nodes: nodes.map(quoteNode),
    currency: policy.currency,
    rateMicroPerHour: String(rateMicroPerHour),
    capMicro: String(capMicro),
    feeBasisPoints: policy.feeBasisPoints,
    durationMs: demand.durationMs,
    latencyUpToMs,
    basis: 'declared',
    notice: policy.notice,
    policy: policyHash,
  });
}

/** What all nodes cost for the whole time of their groups, rounded up once. */
function wholeMicro(nodes: readonly PlacedNode[], demand: Demand): bigint {
  const timesMs = shapesOf(demand).flatMap(({ nodes: count, durationMs }) =>
    Array.from({ length: count }, () => durationMs ?? demand.durationMs),
  );
  // Rates times milliseconds: `accruedUp` of one millisecond divides by those of an hour.
  return accruedUp(
    nodes.reduce((sum, { rateMicroPerHour }, i) => sum + rateMicroPerHour * BigInt(timesMs[i] ?? demand.durationMs), 0n),
    1,
  );
}

/** Why a quote that comes back cannot be used: altered, another account's, expired (terms of an earlier policy count as expired). */
export function checkQuote(
  quote: Quote,
  signatureOk: boolean,
  account: AccountId,
  now: Instant,
  policyHash: string,
): Rejection | undefined {
  if (!signatureOk) return { code: 'quote.altered', context: {} };
  if (quote.account !== account) return { code: 'quote.foreign', context: {} };
  if (now >= quote.expiresAt || quote.policy !== policyHash) {
    return { code: 'quote.expired', context: { agoMs: Math.max(0, now - quote.expiresAt) } };
  }
  return undefined;
}

function quoteNode({ device, slice, rateMicroPerHour, breakdown }: PlacedNode): QuoteNode {
  return {
    device: device.id,
    name: device.name,
    region: device.region,
    publicKey: device.publicKey,
    recipient: device.recipient,
    recipientSignature: device.recipientSignature,
    slice,
    rateMicroPerHour: String(rateMicroPerHour),
    breakdown,
    runtime: device.runtime,
    isolation: isolationOf(device.runtime),
  };
}

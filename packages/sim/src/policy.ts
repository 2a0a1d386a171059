// The policy of a simulated network: the laptop's, at a slower beat, so that hours of many devices pass in seconds.
import { type Policy, laptopPolicy } from '@iog/protocol';

export const simPolicy: Policy = {
  ...laptopPolicy,
  name: 'sim',
  capacity: { ...laptopPolicy.capacity, validMs: 8 * 3_600_000 },
  session: { beatEveryMs: 15_000, pulseEveryMs: 20_000, pulseWithinMs: 30_000, silentAfterMs: 60_000, lostAfterMs: 120_000 },
  evidence: { ...laptopPolicy.evidence, sampleEveryMs: 20_000, windowMs: 120_000, maxGapMs: 50_000 },
  cluster: { ...laptopPolicy.cluster, formWithinMs: 300_000, stopWithinMs: 120_000 },
};

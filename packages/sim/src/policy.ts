// The policy of a simulated network: the laptop's, at a slower beat, so that hours of many devices pass in seconds.
import { type Policy, laptopPolicy } from '@iog/protocol';

export const simPolicy: Policy = {
  ...laptopPolicy,
  name: 'sim',
  capacity: { ...laptopPolicy.capacity, validMs: 8 * 3_600_000 },
  session: { beatEveryMs: 60_000, pulseEveryMs: 60_000, pulseWithinMs: 60_000, silentAfterMs: 180_000, lostAfterMs: 300_000 },
  evidence: { ...laptopPolicy.evidence, sampleEveryMs: 60_000, windowMs: 240_000, maxGapMs: 150_000 },
  cluster: { ...laptopPolicy.cluster, formWithinMs: 600_000, stopWithinMs: 240_000 },
};

// The policy of a network that is killed all the time: `laptop`, with waits short enough for a round of seconds. Minutes stay minutes.
import { laptopPolicy, type Policy } from '@iog/protocol';

/** For nodes that are small processes: they start in milliseconds. */
export const lightPolicy: Policy = {
  ...laptopPolicy,
  name: 'crash',
  capacity: { memoryKib: 64, passes: 1, links: 1, withinMs: 20_000, validMs: 24 * 3_600_000 },
  session: { beatEveryMs: 300, pulseEveryMs: 1_000, pulseWithinMs: 2_000, silentAfterMs: 4_000, lostAfterMs: 6_000 },
  // Everything of the harness shares the devices' cores: foreign time is not what it is about.
  evidence: { sampleEveryMs: 1_000, windowMs: 2_500, maxGapMs: 10_000, foreignShareMaxPermille: 1_000 },
  cluster: { ...laptopPolicy.cluster, formWithinMs: 15_000, stopWithinMs: 8_000 },
  limits: { ...laptopPolicy.limits, requestsPerMinute: 1_000_000 },
};

/** For real Ray, whose nodes take seconds to start and to stop. */
export const rayPolicy: Policy = {
  ...lightPolicy,
  session: { ...lightPolicy.session, silentAfterMs: 10_000, lostAfterMs: 20_000 },
  cluster: { ...laptopPolicy.cluster, formWithinMs: 120_000, stopWithinMs: 30_000 },
};

// The network's policy: one validated document; its SHA-256 is named by quotes, verdicts and receipts.
import { Type, type Static } from 'typebox';
import { PricesSchema, runtimes } from './fleet.ts';
import { CurrencySchema } from './money.ts';
import { BytesSchema, CountSchema, NameSchema, TextSchema, oneOf, strict } from './schema.ts';

/** Years fit in it, which they do not in a count. */
const SpanMsSchema = Type.Integer({ minimum: 0, maximum: 10 * 366 * 24 * 3_600_000 });

export const PolicySchema = strict({
  name: NameSchema,
  version: CountSchema,
  verdictRules: Type.Literal('timelock/v1'),
  runtimes: Type.Array(oneOf(runtimes)),
  currency: CurrencySchema,
  faucetMicro: Type.String(),
  feeBasisPoints: Type.Integer({ minimum: 0, maximum: 5_000 }),
  notice: TextSchema,
  defaultPrices: PricesSchema,
  /** What a device needs to be rented. Cores, memory and disk are what it declares; `rttMs` is measured: the round trip of its pulses. */
  minimum: strict({
    cores: CountSchema,
    memoryBytes: BytesSchema,
    diskBytes: Type.Optional(BytesSchema),
    rttMs: Type.Optional(CountSchema),
  }),
  capacity: strict({ memoryKib: CountSchema, passes: CountSchema, links: CountSchema, withinMs: CountSchema, validMs: CountSchema }),
  session: strict({
    beatEveryMs: CountSchema,
    pulseEveryMs: CountSchema,
    pulseWithinMs: CountSchema,
    silentAfterMs: CountSchema,
    lostAfterMs: CountSchema,
  }),
  evidence: strict({ sampleEveryMs: CountSchema, windowMs: CountSchema, maxGapMs: CountSchema, foreignShareMaxPermille: CountSchema }),
  cluster: strict({
    formWithinMs: CountSchema,
    quoteValidMs: CountSchema,
    maxReplacements: CountSchema,
    stopWithinMs: CountSchema,
    maxJobs: CountSchema,
  }),
  limits: strict({
    requestBytes: CountSchema,
    blobBytes: CountSchema,
    logSegmentBytes: CountSchema,
    /** Of an account with all its keys, or of a device. */
    requestsPerMinute: CountSchema,
    /** Those of a policy that does not say: `rateLimitsOf`. */
    addressRequestsPerMinute: Type.Optional(CountSchema),
    quotesPerMinute: Type.Optional(CountSchema),
    createsPerMinute: Type.Optional(CountSchema),
    linkMessageBytes: CountSchema,
    enrolmentMs: CountSchema,
    enrolmentBytes: CountSchema,
    /** In all: anyone may ask for one. */
    waitingEnrolments: CountSchema,
    accountPackageBytes: BytesSchema,
    accountLogBytes: BytesSchema,
    clusterEvents: CountSchema,
  }),
  /**
   * How long what is over is kept: the answers to repeated requests; enrolments after their expiry; the activity log; the events and jobs
   * of an ended cluster; packages and logs after the planned end of the last cluster that used them; a package that no job names.
   * Clusters, leases, minutes, entries and receipts are kept for good.
   */
  retention: strict({
    replyMs: SpanMsSchema,
    enrolmentMs: SpanMsSchema,
    activityMs: SpanMsSchema,
    storyMs: SpanMsSchema,
    blobMs: SpanMsSchema,
    looseBlobMs: SpanMsSchema,
    /** Of uptime, by whole days; 40 where it is not named. */
    uptimeMs: Type.Optional(SpanMsSchema),
  }),
});
export type Policy = Static<typeof PolicySchema>;

export interface RateLimitsPerMinute {
  readonly requests: number;
  /** From one address, whoever asks. */
  readonly address: number;
  /** Of one account. */
  readonly quotes: number;
  /** Of one account: clusters, keys and invitations together. */
  readonly creates: number;
}

/**
 * What a policy says, or follows from its `requestsPerMinute`: ten times as many from an address, behind which may be many; quotes a 25th and
 * creations a 25th of it. A policy that says nothing keeps its hash.
 */
export function rateLimitsOf({ limits }: Pick<Policy, 'limits'>): RateLimitsPerMinute {
  const { requestsPerMinute: requests, addressRequestsPerMinute, quotesPerMinute, createsPerMinute } = limits;
  const part = Math.max(1, Math.floor(requests / 25));
  return {
    requests,
    address: addressRequestsPerMinute ?? 10 * requests,
    quotes: quotesPerMinute ?? part,
    creates: createsPerMinute ?? part,
  };
}

const dayMs = 24 * 3_600_000;

/** The policy of a network on one's own machine: no isolation, test money, disjoint cores of one host. */
export const laptopPolicy: Policy = {
  name: 'laptop',
  version: 1,
  verdictRules: 'timelock/v1',
  runtimes: ['process'],
  currency: 'TUSD',
  faucetMicro: '100000000',
  feeBasisPoints: 200,
  notice:
    "Runtime process: no isolation. Nodes are ordinary processes of this machine's user; use it for your own work on your own machine only.",
  defaultPrices: { coreMicro: '60000', memoryGbMicro: '5000', gpuMicro: { default: '1500000' } },
  minimum: { cores: 1, memoryBytes: 1_000_000_000 },
  capacity: { memoryKib: 8_192, passes: 1, links: 8, withinMs: 20_000, validMs: 24 * 3_600_000 },
  session: { beatEveryMs: 2_000, pulseEveryMs: 5_000, pulseWithinMs: 10_000, silentAfterMs: 15_000, lostAfterMs: 30_000 },
  evidence: { sampleEveryMs: 10_000, windowMs: 30_000, maxGapMs: 25_000, foreignShareMaxPermille: 500 },
  cluster: { formWithinMs: 180_000, quoteValidMs: 60_000, maxReplacements: 3, stopWithinMs: 45_000, maxJobs: 200 },
  limits: {
    requestBytes: 1_000_000,
    blobBytes: 100 * 1024 * 1024,
    logSegmentBytes: 1_000_000,
    requestsPerMinute: 3_000,
    linkMessageBytes: 1_000_000,
    enrolmentMs: 600_000,
    enrolmentBytes: 32 * 1024,
    waitingEnrolments: 1_000,
    accountPackageBytes: 5 * 1024 ** 3,
    accountLogBytes: 5 * 1024 ** 3,
    clusterEvents: 5_000,
  },
  retention: {
    replyMs: dayMs,
    enrolmentMs: dayMs,
    activityMs: 400 * dayMs,
    storyMs: 30 * dayMs,
    blobMs: 30 * dayMs,
    looseBlobMs: dayMs,
  },
};

/**
 * The policy of a network of suppliers' machines: the laptop's, with the least that a device must have. Its runtime is the same one: it keeps
 * nothing apart, and its notice says so.
 */
export const productionPolicy: Policy = {
  ...laptopPolicy,
  name: 'production',
  minimum: { cores: 1, memoryBytes: 12_000_000_000, diskBytes: 500_000_000_000, rttMs: 300 },
};

/** By the name that a network is started with. */
export const policies = { laptop: laptopPolicy, production: productionPolicy } as const satisfies Record<string, Policy>;

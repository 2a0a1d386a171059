// The limits by which control protects itself and ends in order, in one place. Those of the network's own rules are in its policy.

/** How urgent a request is: `life` is never shed; of the others the last named goes first. */
export type Urgency = 'life' | 'usual' | 'creation' | 'quote';

export interface Bearable {
  /** How late the event loop is, standing. */
  readonly lagMs: number;
  /** Commits that wait for the store. */
  readonly commitsWaiting: number;
  /** Requests that may be shed and are being answered. */
  readonly underWay: number;
}

/**
 * What is borne before requests of this urgency are told to come later. Whoever holds a quote has begun: quotes are refused first. What is
 * under way bounds how long an accepted request takes: a process does them one after the other, so more at once makes none sooner.
 */
export const shedLimits: Readonly<Record<Exclude<Urgency, 'life'>, Bearable>> = {
  quote: { lagMs: 50, commitsWaiting: 64, underWay: 12 },
  creation: { lagMs: 100, commitsWaiting: 256, underWay: 24 },
  usual: { lagMs: 500, commitsWaiting: 4_096, underWay: 256 },
};

/** Retry-After grows with how far a limit is passed, within these. */
export const retryAfterS = { least: 1, most: 10 } as const;

/**
 * A refusal takes a fraction of what the work would, but ten times as many of them take all. Each waits this long, so that a connection asks
 * no more often; of more than `most` at once the rest is told at once.
 */
export const heldRefusals = { forMs: 1_000, most: 2_048 } as const;

/** What a caller is told to wait for whom nothing better is known, by status. */
export const problemRetryAfterS: Readonly<Record<number, number>> = { 429: 5, 503: 2 };

/** How often the event loop's lateness is measured, and how many of the last must all be late. */
export const lagWatch = { everyMs: 20, samples: 5 } as const;
/** Lateness says that we are overloaded only while at least so many are under way: else it is the host that is slow, and refusing helps nobody. */
export const leastUnderWayWhenLate = 4;

export const stopLimits = {
  /** For what is being answered when control is told to end. */
  requestsMs: 10_000,
  /** For messages of sessions that are being taken in. */
  sessionsMs: 3_000,
  /** For devices to close their ends. */
  linksMs: 1_000,
  tellEveryMs: 1_000,
  /** What a caller is told to wait: a restart is quick. */
  retryAfterS: 2,
} as const;

export const readyLimits = {
  storeMs: 2_000,
  /** A loop that has not ended a step for its period and this long does not go on. */
  loopMs: 30_000,
  keptForMs: 500,
} as const;

/** Uploads under way, of one caller and in all. A log segment is held in memory until its signature is checked; a package never is. */
export const uploadLimits = { package: { each: 4, all: 32 }, log: { each: 4, all: 64 } } as const;
/** And from one network (an address, or a /64 of IPv6) by devices: that they are those is known only once their log is there. */
export const unprovenUploads = 16;

/** What one account may hold open at once, on a replica: a person has a few, a service one for each cluster that it watches. */
export const openLimits = { streams: { most: 64, what: 'streams of events' }, tunnels: { most: 16, what: 'tunnels' } } as const;

/**
 * Devices that wait for approval, as parts of the policy's `waitingEnrolments`: once so many wait, a network (an address, or a /64 of IPv6) has
 * no more than its part. Nobody shows a key there: else one address would keep every new device out.
 */
export const enrolmentParts = { crowded: 1 / 2, ofOneNetwork: 1 / 16 } as const;

/** The market index: how a quote looks, and how the perpetual sweep over all devices goes. */
export const marketLimits = {
  /**
   * Searches of one quote: each looks at so many devices more than it needs. It searches again only where rows turned out to be others than the
   * index took them for: the cheapest devices are those that other replicas take first, so many of the best may be gone together.
   */
  spares: [0, 16, 64, 256],
  /** Rows of a step of the sweep: a few milliseconds. */
  pageRows: 250,
  /** From page to page: while the market is read for the first time, and later. */
  firstPauseMs: 1,
  pauseMs: 50,
  /** From one sweep to the next, alone, and while other replicas change rows too. */
  restMs: 60_000,
  restAmongOthersMs: 5_000,
  /** Devices that another replica tells of and that are not known yet: so many are looked at by themselves, the sweep finds the rest. */
  unknown: 1_000,
} as const;

/** How long samples of prices are kept. */
export const priceKeptMs = 400 * 24 * 3_600_000;

/** What control takes of sessions at once: those that are open, and those of devices with leases, go before those that come. */
export const sessionLimits = {
  /** Hellos being decided: together they fill a commit group or two, and between them open sessions are heard. */
  hellosAtOnce: 128,
  gatherMs: 10,
  /** Hellos that wait for that: of devices with leases, and of others. More are told when to come back. */
  hellosWaiting: { leased: 4_096, others: 512 },
  /** Those told to come back are spread at the pace at which hellos are taken in, but never thinner than this. */
  leastHellosPerSecond: 200,
  comeBackMs: { least: 500, most: 30_000 },
  /** Links that have not said who they are. */
  strangers: 4_096,
  /** From so many on, a network (an address, or a /64 of IPv6) has no more than its part. */
  crowded: 2_048,
  ofOneNetwork: 256,
  helloWithinMs: 10_000,
  /** How long a link that was refused may take to close, before it is cut. */
  farewellMs: 1_000,
  /** Messages of one session that wait to be taken in. */
  queued: 256,
  /** What one device may do over all its sessions: at once, and each second. A message counts as one, and as one more for each 32 KiB. */
  opens: { burst: 32, perSecond: 1 },
  messages: { burst: 1_000, perSecond: 60, bytesEach: 32 * 1_024 },
  /** What a device has not read yet. More, and it does not read. */
  unreadBytes: 8 * 1_024 * 1_024,
} as const;

/** A connection that has not said its whole head by then is cut, also one that would become a session: one that comes byte by byte holds nothing. */
export const headLimits = { withinMs: 10_000, lookEveryMs: 2_000 } as const;

/** Connections at once: 10,000 sessions, and room for tunnels, streams and requests. A process must be let have more files open than that. */
export const connectionsMost = 12_288;

/** A connection on which nothing has moved for so long, either way, is cut: one that asks and never reads its answer holds nothing. */
export const stillSocketMs = 60_000;

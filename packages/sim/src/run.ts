// One run of the simulated network under one seed: people and faults for so many hours, then calm, and the court's word.
import { countKeysFrom } from './ports/age.ts';
import type { Counts } from './coverage.ts';
import { Faults } from './faults/apply.ts';
import { type Fault, planFaults } from './faults/plan.ts';
import type { Broken } from './laws/court.ts';
import { Network, type Size } from './network.ts';
import { outerStore } from './ports/outer-store.ts';

export interface RunOptions extends Size {
  readonly seed: number;
  readonly hours: number;
  /** `postgres://…`, or `sqlite`: asked one call at a time, so that both give the same trace. Else SQLite as control asks it. */
  readonly store?: string | undefined;
  /** Instead of those that the seed draws. */
  readonly faults?: readonly Fault[];
}

export interface RunResult {
  readonly seed: number;
  readonly broken: Broken | undefined;
  readonly hash: string;
  readonly steps: number;
  readonly counts: Counts;
  readonly faults: readonly Fault[];
  readonly promises: number;
  readonly network: Network;
}

/** When all faults have ended, every cluster gets the time of the longest one to end by itself. */
const calmMs = 4 * 3_600_000;
const promisesEverySteps = 20_000;

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed, hours, devices } = options;
  const untilMs = hours * 3_600_000;
  const plan = options.faults ?? planFaults(seed, untilMs, devices);
  countKeysFrom(seed);
  const outer = options.store === undefined ? undefined : await outerStore(options.store, seed);
  const network = new Network(seed, { controls: options.controls, store: outer?.store });
  const { world, court, coverage, net } = network;
  if (outer) world.outside = outer.busy;
  const faults = new Faults(network);
  let looked = 0;
  const isBroken = (): boolean => {
    if (world.step - looked > promisesEverySteps) {
      looked = world.step;
      court.keepsPromises();
      court.isLawful();
    }
    return court.broken !== undefined;
  };
  for (const control of network.controls) network.startControl(control);
  void network.settle(options);
  faults.schedule(plan);
  const beganAt = world.now;
  const unhandled = (error: unknown): void =>
    court.breaks('no bug', `nobody caught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.on('unhandledRejection', unhandled);
  await world.run(beganAt + untilMs, isBroken);
  if (!court.broken) {
    faults.stop();
    network.isOver = true;
    world.tell('all faults have ended');
    let rested = world.step;
    await world.run(beganAt + untilMs + calmMs, () => {
      if (isBroken()) return true;
      if (world.step - rested < 2_000) return false;
      rested = world.step;
      return court.restless().length === 0 && network.running().length === 0;
    });
  }
  if (!court.broken) {
    court.keepsPromises();
    court.isLawful();
    court.isAtRest();
    for (const what of network.running()) court.breaks('9 the network comes to rest', what);
  }
  process.off('unhandledRejection', unhandled);
  await outer?.remove();
  const mishaps = Object.fromEntries([...net.mishaps].map(([kind, count]) => [`fault message ${kind}`, count]));
  return {
    seed,
    broken: court.broken,
    hash: world.hash(),
    steps: world.step,
    counts: { ...coverage.counts, ...mishaps },
    faults: plan,
    promises: court.promises.length,
    network,
  };
}

// A process of its own for some seeds: modules are replaced before the network is imported, so that a sabotage reaches all of it.
import { type Edit, replaceModules } from './hooks.ts';
import type { RunOptions } from './run.ts';

export interface ChildWork {
  readonly options: Omit<RunOptions, 'seed' | 'faults'>;
  readonly seeds: readonly number[];
  readonly edits?: readonly Edit[];
}

/** What one seed came to, as it is sent to the parent. */
export interface SeedReport {
  readonly seed: number;
  readonly hash: string;
  readonly steps: number;
  readonly promises: number;
  readonly simulatedMs: number;
  readonly cpuMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly broken: { readonly law: string; readonly detail: string; readonly step: number } | null;
}

const work = JSON.parse(process.argv[2] ?? '{}') as ChildWork;
replaceModules(work.edits);
const { runSeed } = await import('./run.ts');
for (const seed of work.seeds) {
  const before = process.cpuUsage();
  const { hash, steps, promises, counts, broken, network } = await runSeed({ ...work.options, seed });
  const { user, system } = process.cpuUsage(before);
  const report: SeedReport = {
    seed,
    hash,
    steps,
    promises,
    simulatedMs: network.elapsedMs,
    cpuMs: Math.round((user + system) / 1_000),
    counts,
    broken: broken ? { law: broken.law, detail: broken.detail, step: broken.step } : null,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

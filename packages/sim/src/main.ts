// npm run sim: one seed with its story, or a swarm of them with what they reached.
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { SeedReport } from './child.ts';
import { together } from './coverage.ts';
import { replaceModules } from './hooks.ts';
import { faultsOf, neverReached } from './reach.ts';
import type { RunOptions } from './run.ts';
import { swarm } from './swarm.ts';

const usage = `Usage:
  npm run sim -- [--seeds 100] [--from 1] [--devices 10] [--hours 6] [--renters 2] [--controls 1] [--store postgres://…|sqlite] [--json]
  npm run sim -- --seed N [--trace lea_…] [the same options]

Runs the whole network under a virtual clock, with faults, and checks its laws after every commit. The same seed gives the same hash.
With --store the rows are in a PostgreSQL database, in a schema for each seed that is removed after it; virtual time stands still while it is
asked, one call at a time. The same seed with --store sqlite gives the same hash.
Ends with 1 when a law broke: the seed alone then shows the shortest list of faults that breaks it, and what led to it.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'string' },
    devices: { type: 'string', default: '10' },
    hours: { type: 'string', default: '6' },
    renters: { type: 'string' },
    controls: { type: 'string', default: '1' },
    store: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const refuse = (why: string): never => {
  console.error(`${why}\n\n${usage}`);
  process.exit(2);
};
const number = (name: string, said: string, least: number, most: number): number => {
  const value = Number(said);
  const fits = said.trim() !== '' && Number.isFinite(value) && value >= least && value <= most;
  return fits ? value : refuse(`--${name} takes a number from ${least} to ${most}, not "${said}".`);
};
const storeName = (said: string): string =>
  said === 'sqlite' || (/^postgres(ql)?:/.test(said) && URL.canParse(said))
    ? said
    : refuse('--store takes postgres://user@host:port/database, or sqlite.');
const devices = Math.floor(number('devices', values.devices, 1, 100_000));
const options = {
  devices,
  renters: Math.floor(number('renters', values.renters ?? String(Math.max(2, Math.round(devices / 8))), 1, 10_000)),
  controls: Math.floor(number('controls', values.controls, 1, 8)),
  hours: number('hours', values.hours, 0.01, 10_000),
  ...(values.store === undefined ? {} : { store: storeName(values.store) }),
};

if (values.help) console.log(usage);
else if (values.seed === undefined) process.exitCode = await many();
else process.exitCode = await one(Math.floor(number('seed', values.seed, 0, Number.MAX_SAFE_INTEGER)));

async function many(): Promise<number> {
  const count = Math.floor(number('seeds', values.seeds, 1, 1_000_000));
  const from = Math.floor(number('from', values.from, 0, Number.MAX_SAFE_INTEGER - count));
  const beganAt = performance.now();
  let done = 0;
  const reports = await swarm({
    options,
    seeds: Array.from({ length: count }, (_, i) => from + i),
    heard: ({ seed, broken }) => {
      done += 1;
      if (broken) process.stderr.write(`seed ${seed} breaks "${broken.law}": ${broken.detail}\n`);
      else if (done % 10 === 0) process.stderr.write(`${done} of ${count} seeds, ${Math.round((performance.now() - beganAt) / 1_000)} s\n`);
      return false;
    },
  });
  const summary = summed(reports, performance.now() - beganAt);
  console.log(values.json ? JSON.stringify(summary) : text(summary));
  return summary.broken.length === 0 ? 0 : 1;
}

type Summary = ReturnType<typeof summed>;

function summed(reports: readonly SeedReport[], ms: number) {
  const counts = together(reports.map((report) => report.counts));
  const hours = reports.reduce((sum, { simulatedMs }) => sum + simulatedMs, 0) / 3_600_000;
  const cpuS = reports.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1_000;
  return {
    ...options,
    seeds: reports.length,
    seconds: Math.round(ms / 1_000),
    steps: reports.reduce((sum, { steps }) => sum + steps, 0),
    promises: reports.reduce((sum, { promises }) => sum + promises, 0),
    deviceHours: Math.round(hours * devices),
    deviceHoursPerCoreSecond: Math.round((hours * devices * 10) / cpuS) / 10,
    faults: faultsOf(counts),
    counts,
    neverReached: neverReached(counts),
    broken: reports.flatMap(({ seed, broken }) => (broken ? [{ seed, ...broken }] : [])),
    hash: createHash('sha256')
      .update(reports.map(({ seed, hash }) => `${seed} ${hash}`).join('\n'))
      .digest('hex'),
  };
}

function text(summary: Summary): string {
  const of = (kinds: string): string =>
    Object.entries(summary.counts)
      .filter(([name]) => name.startsWith(kinds))
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `  ${name.slice(kinds.length).padEnd(44)} ${count}`)
      .join('\n');
  return [
    `faults injected: ${summary.faults.all}`,
    ...summary.faults.kinds.map(([kind, count]) => `  ${kind.padEnd(44)} ${count}`),
    'states and transitions',
    ...['cluster ', 'end of cluster ', 'lease ', 'job ', 'device ', 'minute '].map((kind) => `${kind}\n${of(kind)}`),
    `error codes\n${of('error ')}`,
    `never reached: ${summary.neverReached.join(', ') || 'nothing'}`,
    `seeds ${summary.seeds}, steps ${summary.steps}, promises ${summary.promises}, device-hours ${summary.deviceHours}, ${summary.seconds} s, ${summary.deviceHoursPerCoreSecond} device-hours a second of one core`,
    `laws broken ${summary.broken.length}${summary.broken.map(({ seed, law }) => `\n  seed ${seed}: ${law}`).join('')}`,
    `trace hash ${summary.hash}`,
  ].join('\n');
}

async function one(seed: number): Promise<number> {
  replaceModules();
  const [{ runSeed }, { shrink }, { sayFault }] = await Promise.all([
    import('./run.ts'),
    import('./shrink.ts'),
    import('./faults/plan.ts'),
  ]);
  const asked: RunOptions = { ...options, seed };
  const result = await runSeed(asked);
  const names = values.trace === undefined ? (result.broken?.ids ?? []) : [values.trace];
  console.log(`seed ${seed}, steps ${result.steps}, promises ${result.promises}, trace hash ${result.hash}`);
  if (values.trace !== undefined) console.log(result.network.told(names, 10_000));
  const { broken } = result;
  if (!broken) {
    console.log('no law broken');
    return 0;
  }
  console.log(`\nbroken at step ${broken.step}: ${broken.law}\n  ${broken.detail}\n\nwhat led to it\n${result.network.told(names, 40)}\n`);
  process.stderr.write('looking for fewer faults that break it too\n');
  const shorter = await shrink(result.faults, 60, async (faults) => (await runSeed({ ...asked, faults })).broken?.law === broken.law);
  console.log(
    `the shortest list of faults found, ${shorter.length} of ${result.faults.length}\n${shorter.map((fault) => `  ${sayFault(fault)}`).join('\n')}`,
  );
  return 1;
}

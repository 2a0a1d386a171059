// The crash harness: real processes under load are killed again and again; nothing acknowledged may be lost, and no law broken.
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { clear } from '../tests/system/processes.ts';
import { startNetwork } from './network.ts';
import { lightPolicy, rayPolicy } from './policy.ts';
import { Failure, runRounds } from './run.ts';
import { newTally, reportOf, tableOf } from './tally.ts';

const usage = 'Usage: npm run crash -- [--rounds <n>] [--store sqlite|postgres] [--controls <n>] [--seed <n>] [--ray] [--json]';
const python = path.join(import.meta.dirname, '../.cache/python');

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      store: { type: 'string', default: 'sqlite' },
      controls: { type: 'string', default: '1' },
      seed: { type: 'string' },
      ray: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [rounds, seed] = [Number(values.rounds), Number(values.seed ?? randomInt(2 ** 31))];
  if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) return refuse(usage);
  const { store } = values;
  if (store !== 'sqlite' && store !== 'postgres') return refuse(`There is no store ${store}: sqlite or postgres.\n${usage}`);
  const controls = Number(values.controls);
  if (!Number.isInteger(controls) || controls < 1 || controls > 4) return refuse(usage);
  if (controls > 1 && store !== 'postgres')
    return refuse(`One database file has one control: --controls ${controls} needs --store postgres.\n${usage}`);
  if (values.ray && !fs.existsSync(path.join(python, 'bin/ray')))
    return refuse(`There is no Ray in ${python}: run \`npm start\` once, which installs it.`);
  // Short, for the paths of Ray's sockets.
  const dir = fs.mkdtempSync(path.join(values.ray ? '/tmp' : os.tmpdir(), 'crash-'));
  return run({ dir, rounds, seed, ray: values.ray, json: values.json, store, controls });
}

interface Wish {
  readonly dir: string;
  readonly rounds: number;
  readonly seed: number;
  readonly ray: boolean;
  readonly json: boolean;
  readonly store: 'sqlite' | 'postgres';
  readonly controls: number;
}

async function run({ dir, rounds, seed, ray, json, store, controls }: Wish): Promise<number> {
  say(`seed ${seed}, data in ${dir}`);
  const tally = newTally();
  let broken: Failure['broken'] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void clear(dir).finally(() => process.exit(130)));
  try {
    // Ray's nodes find their own temporary folder through this.
    if (ray) process.env['TMPDIR'] = dir;
    const network = await startNetwork({
      dir,
      policy: ray ? rayPolicy : lightPolicy,
      workers: 3,
      python: ray ? python : null,
      store,
      controls,
    });
    const restWithinMs = ray ? 150_000 : 30_000;
    try {
      await runRounds(network, { rounds, seed, restWithinMs, jobLines: ray ? 100 : 20, say }, tally);
    } finally {
      await network.stop();
    }
  } catch (error) {
    broken =
      error instanceof Failure
        ? error.broken
        : [{ law: 'the harness runs', subject: 'itself', detail: (error as Error).stack ?? String(error) }];
    say(`FAILED: ${String(error)}`);
    for (const { law, subject, detail } of broken) say(`\n${law}\n  ${subject}\n  ${detail}${journalLines(tally.journal?.file, subject)}`);
    say(`\nseed ${seed}; the data is kept in ${dir}, the journal in ${tally.journal?.file ?? 'none'}`);
  }
  const lost = broken.filter(({ subject }) => subject.includes('journal')).length;
  const report = reportOf(tally, seed, lost, broken.length - lost);
  console.log(json ? JSON.stringify(report, undefined, 2) : tableOf(report));
  await clear(dir, { keepFiles: broken.length > 0 });
  return broken.length > 0 ? 1 : 0;
}

function say(line: string): void {
  console.error(line);
}

/** What the journal has of the row that a finding is about. */
function journalLines(file: string | undefined, subject: string): string {
  const id = /[a-z]{3}_[0-9a-z]{26}/.exec(subject)?.[0];
  if (file === undefined || id === undefined || !fs.existsSync(file)) return '';
  const lines = fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(id));
  return lines
    .slice(0, 5)
    .map((line) => `\n  journal: ${line.slice(0, 600)}`)
    .join('');
}

function refuse(message: string): number {
  console.error(message);
  return 2;
}

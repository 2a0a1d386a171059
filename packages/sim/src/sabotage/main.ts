// npm run sim:sabotage: can the laws fail? Each sabotage of the real code must be caught within its number of seeds.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { swarm } from '../swarm.ts';
import { type Sabotage, sabotages } from './list.ts';

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true });
const asked = sabotages.filter(({ name }) => positionals.every((word) => name.includes(word)));
const options = { devices: 6, renters: 4, controls: 1, hours: 3 };

interface Verdict {
  readonly name: string;
  readonly caughtAfter: number | null;
  readonly within: number;
  readonly law: string;
}

/** Seeds one after the other until a law breaks. */
async function tried({ name, edits, within }: Sabotage): Promise<Verdict> {
  let law = '';
  let caughtAfter: number | null = null;
  const seeds = Array.from({ length: within }, (_, i) => i + 1);
  await swarm({
    options,
    seeds,
    edits,
    processes: 1,
    heard: ({ seed, broken }) => {
      if (!broken) return false;
      caughtAfter = seed;
      law = broken.law;
      return true;
    },
  });
  const verdict = { name, caughtAfter, within, law };
  const found = caughtAfter === null ? 'SURVIVES' : `seed ${String(caughtAfter)}`.padEnd(8);
  if (!values.json) console.log(`${found}  ${name}${law === '' ? '' : `  (${law})`}`);
  return verdict;
}

const waiting = [...asked];
const verdicts: Verdict[] = [];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) verdicts.push(await tried(next));
  }),
);
const survivors = verdicts.filter(({ caughtAfter }) => caughtAfter === null);
if (values.json) console.log(JSON.stringify(verdicts));
else console.log(`${verdicts.length - survivors.length} of ${verdicts.length} caught`);
process.exitCode = survivors.length === 0 && verdicts.length > 0 ? 0 : 1;

// The bench: measures the product beside bare Ray and the bare database in one run, and prints one table.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { clusterBench } from './cluster/cluster.ts';
import { apiBench } from './api.ts';
import { coldStartBench } from './cold-start.ts';
import { creationsBench } from './creations-sqlite.ts';
import { ledgerBench } from './ledger.ts';
import { ledgerPostgresBench } from './ledger-postgres.ts';
import { overloadBench } from './overload.ts';
import { type Bench, type Measured, tableOf } from './line.ts';
import { placementBench, type PlacementPoint } from './placement.ts';
import { plotOf } from './market/plot.ts';
import { quoteBench } from './quote.ts';
import { sessionsAsked, sessionsBench } from './sessions/sessions.ts';
import { simulatorBench } from './simulator.ts';

const benches: readonly Bench[] = [
  clusterBench,
  ledgerBench,
  ledgerPostgresBench,
  creationsBench,
  apiBench,
  coldStartBench,
  overloadBench,
  sessionsBench,
  simulatorBench,
  placementBench,
  quoteBench,
];
const names = benches.map(({ name }) => name).join(', ');

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      runs: { type: 'string', default: '3' },
      sessions: { type: 'string', default: String(sessionsAsked.count) },
      json: { type: 'boolean', default: false },
      plot: { type: 'string' },
    },
  });
  const runs = Number(values.runs);
  sessionsAsked.count = Number(values.sessions);
  const wanted = benches.filter(({ name }) => values.only?.includes(name) ?? true);
  const unknown = values.only?.filter((name) => benches.every((bench) => bench.name !== name)) ?? [];
  if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1 || !(sessionsAsked.count >= 1)) {
    console.error(
      `Usage: npm run bench -- [--only <name>] [--runs <whole number>] [--sessions <count>] [--json] [--plot <file.svg, of placement>]. Names: ${names}.`,
    );
    return 2;
  }
  const measured: Record<string, Measured> = {};
  for (const bench of wanted) {
    console.error(`${bench.name}:`);
    measured[bench.name] = await bench.run({ runs, say: (line) => console.error(`  ${line}`) });
  }
  if (values.plot !== undefined && measured['placement']) {
    fs.mkdirSync(path.dirname(values.plot), { recursive: true });
    fs.writeFileSync(values.plot, plotOf(measured['placement'].detail as readonly PlacementPoint[]));
  }
  if (values.json) console.log(JSON.stringify(measured, undefined, 2));
  else {
    const all = Object.values(measured);
    console.log(`\n${tableOf(all.flatMap(({ lines }) => lines))}`);
    for (const { breakdown = [] } of all) if (breakdown.length > 0) console.log(`\n${breakdown.join('\n')}`);
  }
  return 0;
}

import { replaceModules } from './hooks.ts';
replaceModules();
const { runSeed } = await import('./run.ts');
const { sayFault } = await import('./faults/plan.ts');
const [seed = 1, devices = 10, hours = 1, noFaults] = process.argv.slice(2).map(Number);
const t = performance.now();
const r = await runSeed({ seed, devices, renters: 4, controls: 1, hours, ...(noFaults ? { faults: [] } : {}) });
const ms = performance.now() - t;
console.log(
  r.seed,
  r.hash,
  'steps',
  r.steps,
  'promises',
  r.promises,
  Math.round(ms),
  'ms',
  'devh/s',
  (((devices * hours) / ms) * 1000).toFixed(1),
);
if (r.broken) {
  console.log(r.broken);
  for (const h of r.network.world.story(r.broken.ids, 40)) console.log(h.at - 1.8e12, h.what.slice(0, 220));
} else if (process.argv[6]) console.log(r.counts);
void sayFault;

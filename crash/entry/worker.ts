// A worker process of the harness: the product's own, with light nodes or real Ray, that can be told where to die.
import path from 'node:path';
import { beMortal } from '../inject/mortal.ts';
import { replaceModules } from '../inject/replace.ts';
import { lightJobs } from '../light/jobs.ts';
import { lightRuntime } from '../light/runtime.ts';

const wantedReplacements = 3;

export interface WorkerTask {
  readonly dir: string;
  readonly url: string;
  readonly rootPid: number;
  /** Where Python with Ray is: then nodes are real ones. */
  readonly python: string | null;
}
const task = JSON.parse(process.argv[2] ?? '') as WorkerTask;
beMortal();
const replaced = replaceModules();
const { startWorker } = await import('@iog/worker');
try {
  if (replaced.done() !== wantedReplacements) throw new Error(`${replaced.done()} of ${wantedReplacements} modules were replaced`);
  const nodes = path.join(task.dir, 'light-nodes');
  const light = { runtime: lightRuntime(nodes), ray: lightJobs(nodes) };
  const { device } = await startWorker({
    dir: task.dir,
    url: task.url,
    rootPid: task.rootPid,
    python: task.python ?? '',
    log: (line) => console.error(JSON.stringify({ at: Date.now(), ...line })),
    ...(task.python === null ? light : {}),
  });
  process.send?.({ up: { device } });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(error);
  process.send?.({ failed: { code: code ?? 'failed', message } }, () => process.exit(1));
}

// LightJobs: jobs that are a shell each, with a log and an exit code in files, in place of Ray's. They outlive the worker, not their node.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RayJob, RayJobs, RunningNode } from '@iog/worker';
import { endDetached, isAlive, readKnown, startDetached, writeWhole } from './process.ts';

const tailEveryMs = 100;

export function lightJobs(dir: string): (node: RunningNode) => RayJobs {
  return ({ lease }) => {
    const homeOf = (id: string): string => path.join(dir, lease, 'jobs', id);
    const logOf = (id: string): string => {
      const file = path.join(homeOf(id), 'log');
      return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    };
    const info = (id: string): RayJob | undefined => {
      const known = readKnown(path.join(homeOf(id), 'job.json'));
      if (known === undefined) return undefined;
      const exit = path.join(homeOf(id), `exit.${known.pid}`);
      const alive = isAlive(known);
      if (fs.existsSync(exit)) {
        const exitCode = Number(fs.readFileSync(exit, 'utf8'));
        return { status: exitCode === 0 ? 'SUCCEEDED' : 'FAILED', exitCode };
      }
      return alive ? { status: 'RUNNING' } : { status: 'STOPPED' };
    };
    return {
      uploadPackage: (zip) => Promise.resolve(`light://${zip.length}`),
      submit({ submissionId: id, entrypoint }) {
        // A worker that died between the process and its file began a job that nobody knows: it ends with its node.
        fs.mkdirSync(homeOf(id), { recursive: true });
        fs.rmSync(path.join(homeOf(id), 'log'), { force: true });
        const line = `${entrypoint}; echo $? >code.$$; mv code.$$ exit.$$`;
        writeWhole(path.join(homeOf(id), 'job.json'), startDetached('sh', ['-c', line], homeOf(id), path.join(homeOf(id), 'log')));
        return Promise.resolve(undefined);
      },
      info: (id) => Promise.resolve(info(id)),
      stop(id) {
        const known = readKnown(path.join(homeOf(id), 'job.json'));
        if (known !== undefined) endDetached(known);
        return Promise.resolve(undefined);
      },
      async tailLogs(id, onText, signal) {
        let told = 0;
        while (!signal.aborted) {
          const over = info(id)?.status !== 'RUNNING';
          const text = logOf(id);
          if (text.length > told) onText(text.slice(told));
          told = text.length;
          if (over) return;
          await sleep(tailEveryMs);
        }
      },
      logs: (id) => Promise.resolve(logOf(id)),
      tasksPerNode: () => Promise.resolve({}),
    };
  };
}

// A worker process of an upgrade: of the build whose root is given, with light nodes. What passes on its link is written down where asked.
import fs from 'node:fs';
import path from 'node:path';
import type { WorkerOptions } from '@iog/worker';
import { lightJobs } from '../../../crash/light/jobs.ts';
import { lightRuntime } from '../../../crash/light/runtime.ts';

export interface UpgradeWorkerTask {
  readonly root: string;
  readonly dir: string;
  readonly url: string;
  readonly rootPid: number;
  /** A file for every message of the link, one on a line. */
  readonly record?: string;
}
type Wire = NonNullable<WorkerOptions['wire']>;

const { root, dir, url, rootPid, record } = JSON.parse(process.argv[2] ?? '') as UpgradeWorkerTask;
try {
  const from = (file: string): Promise<unknown> => import(path.join(root, 'packages/worker/src', file));
  const { startWorker } = (await from('index.ts')) as typeof import('@iog/worker');
  const { realWire } = (await from('session/wire.ts')) as { realWire: Wire };
  const nodes = path.join(dir, 'light-nodes');
  const worker = await startWorker({
    dir,
    url,
    rootPid,
    python: '',
    runtime: lightRuntime(nodes),
    ray: lightJobs(nodes),
    wire: record === undefined ? realWire : recording(realWire, record),
    refused: (code, detail) => console.error(JSON.stringify({ event: 'refused', code, detail })),
    log: (line) => console.error(JSON.stringify({ at: Date.now(), ...line })),
  });
  process.once('SIGTERM', () => void worker.stop({ keepNodes: true }).then(() => process.exit(0)));
  process.send?.({ up: { device: worker.device } });
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(error);
  process.send?.({ failed: { code: code ?? 'failed', message } }, () => process.exit(1));
}

function recording(wire: Wire, file: string): Wire {
  const note = (from: 'control' | 'worker', text: string): void =>
    fs.appendFileSync(file, `${JSON.stringify({ from, message: JSON.parse(text) as unknown })}\n`);
  return (to, on) => {
    const link = wire(to, {
      ...on,
      alive: () => on.alive(),
      closed: (reason) => on.closed(reason),
      text(text) {
        note('control', text);
        on.text(text);
      },
    });
    return {
      ping: () => link.ping(),
      end: () => link.end(),
      send(text) {
        note('worker', text);
        link.send(text);
      },
    };
  };
}

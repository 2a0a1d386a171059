// A job that runs until the test lets it end, so that a loss falls into its middle for certain, then says on how many nodes it works.
import fs from 'node:fs';
import path from 'node:path';
import type { ClusterId, JobId, JobView } from '@iog/protocol';
import type { IogClient } from '@iog/client';
import { iogJson, until, type Place } from './rig.ts';

/** Words that only the source of the job, and only its output hold. */
export const marks = { source: 'mark-in-the-source-7f3a', output: 'mark-in-the-output-9c1e' } as const;

const program = `# ${marks.source}
import os, sys, time
go = sys.argv[1]
print("mark-in-the-" + "output-9c1e", flush=True)
began = time.monotonic()
while not os.path.exists(go):
    if time.monotonic() - began > 200:
        sys.exit(3)
    print("tick", flush=True)
    time.sleep(0.5)
if len(sys.argv) > 2:
    import ray
    ray.init(log_to_driver=False)

    @ray.remote(num_cpus=1, scheduling_strategy="SPREAD", max_retries=3)
    def where():
        time.sleep(0.5)
        return os.environ.get("IOG_LEASE")

    print("IOG_RESULT " + str(len(set(ray.get([where.remote() for _ in range(6)])))), flush=True)
print("done", flush=True)
`;

export interface SteadyJob {
  readonly id: JobId;
  /** Lets it end, and gives it when it is over. */
  finish(): Promise<JobView>;
}

const over = ['succeeded', 'failed', 'stopped', 'lost'];

/** Submits it and waits until it runs. `asksRay`: it uses all nodes at its end. `retries`: after so many lost heads it runs again. */
export async function steadyJob(
  place: Place,
  client: IogClient,
  cluster: ClusterId,
  name: string,
  { asksRay = false, retries = 0 } = {},
): Promise<SteadyJob> {
  const folder = path.join(place.dir, 'steady');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'steady.py'), program);
  const go = path.join(place.dir, `go-${name}`);
  const words = ['python', 'steady.py', go, ...(asksRay ? ['ray'] : [])];
  const { id } = await iogJson<JobView>(place, [
    'job',
    'submit',
    cluster,
    '--name',
    name,
    '--retries',
    String(retries),
    '--dir',
    folder,
    '--',
    ...words,
  ]);
  const show = (): Promise<JobView> => client.call('job.show', { params: { job: id } });
  let last = '';
  await until(
    `${name} to run and to have said something`,
    45_000,
    async () => {
      const job = await show();
      last = JSON.stringify(job);
      return job.state === 'running' && job.logSegments > 0;
    },
    () => last,
  );
  return {
    id,
    async finish() {
      fs.writeFileSync(go, '');
      return until(
        `${name} to end`,
        60_000,
        async () => {
          const job = await show();
          last = JSON.stringify(job);
          return over.includes(job.state) && job;
        },
        () => last,
      );
    },
  };
}

// The Ray of a simulated head: jobs that run for a while and end well, badly, or when they are stopped.
import type { RayJob, RayJobs } from '@iog/worker/sim';
import type { Chance } from '../engine/chance.ts';
import { never, type Proc } from '../engine/proc.ts';
import type { World } from '../engine/world.ts';

interface Held {
  job: RayJob;
  log: string;
}

export class SimRay {
  readonly #world: World;
  readonly #name: string;
  readonly jobs = new Map<string, Held>();
  #isDead = false;
  readonly #draw: Chance;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
    this.#draw = world.chance(`ray/${name}`);
  }

  die(): void {
    this.#isDead = true;
  }

  /** These jobs, as one life of a worker asks for them. */
  of(proc: Proc): RayJobs {
    const lives = proc.lives();
    const ask = async <T>(call: string, work: () => T): Promise<T> => {
      if (!lives() || proc.diesAt('before', call)) return never();
      // Most answers are there at once: a job is asked for every second.
      if (this.#draw.hits(0.1)) await proc.pause(20, '');
      if (this.#isDead) throw new Error('the dashboard does not answer');
      const done = work();
      if (proc.diesAt('after', call)) return never();
      return done;
    };
    return {
      uploadPackage: () => ask('ray.upload', () => 'gcs://package.zip'),
      submit: ({ submissionId }) =>
        ask('ray.submit', () => {
          if (this.jobs.has(submissionId)) throw new Error(`a job ${submissionId} was submitted already`);
          this.#run(submissionId);
        }),
      info: (id) => ask('ray.info', () => this.jobs.get(id)?.job),
      stop: (id) => ask('ray.stop', () => this.#end(id, { status: 'STOPPED' })),
      tailLogs: async (id, onText, signal) => {
        while (!signal.aborted) {
          const text = await ask('ray.tail', () => this.jobs.get(id)?.log ?? '');
          if (text !== '') onText(text);
          if (this.jobs.get(id)?.job.status !== 'RUNNING') return;
          await proc.pause(30_000, '');
        }
      },
      logs: (id) => ask('ray.logs', () => this.jobs.get(id)?.log ?? ''),
      tasksPerNode: () => ask('ray.tasks', () => ({ [this.#name]: 1 })),
    };
  }

  #run(id: string): void {
    const draw = this.#world.chance(`job/${id}`);
    this.jobs.set(id, { job: { status: 'RUNNING' }, log: 'it begins\n' });
    const forMs = draw.between(10_000, 300_000);
    const isFine = draw.hits(0.8);
    this.#world.after(forMs, undefined, `job ${id}`, () =>
      this.#end(id, isFine ? { status: 'SUCCEEDED', exitCode: 0 } : { status: 'FAILED', exitCode: 3 }),
    );
  }

  #end(id: string, job: RayJob): void {
    const held = this.jobs.get(id);
    if (held === undefined || this.#isDead || held.job.status !== 'RUNNING') return;
    held.job = job;
    held.log += `it ends: ${job.status}\n`;
  }
}

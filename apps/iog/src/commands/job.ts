// iog job: submit to a cluster that is rented, look, follow, stop.
import { followLog, isOver, packFolder, resultIn, savedLog, shellLine, submitJob, uploadPackage } from '@iog/client';
import type { JobView } from '@iog/protocol';
import { type Command, takesOne } from '../command.ts';
import { UsageError, UserError } from '../failure.ts';
import { untilToldToEnd } from '../network/serving.ts';
import { longPatienceMs, requireProfile, withClient } from '../profile.ts';
import { formatInstant, pairs, table } from '../terminal/format.ts';

const one = { ...takesOne('<job>'), options: {} } as const;

/** The code with which a command that ran a job to its end exits. */
export function exitCodeOf({ state, exitCode }: Pick<JobView, 'state' | 'exitCode'>): number {
  if (state === 'succeeded') return 0;
  return exitCode === null || exitCode === 0 ? 1 : exitCode & 0xff || 1;
}

export function environmentOf(pieces: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pieces.map((piece) => {
      const match = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(piece);
      if (!match) throw new UsageError(`--env takes NAME=value, not "${piece}".`);
      return [match[1] ?? '', match[2] ?? ''];
    }),
  );
}

function jobText(job: JobView): string {
  return pairs([
    ['job', job.id],
    ['name', job.name],
    ['cluster', job.cluster],
    ['state', job.detail === '' ? job.state : `${job.state}, ${job.detail}`],
    ['exit code', job.exitCode === null ? '-' : String(job.exitCode)],
    ['attempt', `${job.attempt} (${job.retries} retries)`],
    ['created', formatInstant(job.createdAt)],
    ['started', formatInstant(job.startedAt)],
    ['ended', formatInstant(job.endedAt)],
    ...Object.entries(job.tasksPerNode).map(([node, count]) => ['tasks', `${count} on ${node}`] as const),
  ]);
}

const submit: Command = {
  name: 'job submit',
  summary: 'Send a command, and a folder with it, to a cluster',
  usage: '<cluster> -- <command…>',
  positionals: { min: 1, max: 1 },
  takesCommand: true,
  options: {
    dir: { type: 'string', value: '<folder>', help: "The job's working directory, sent sealed (default: none)" },
    name: { type: 'string', value: '<name>', help: 'Its name (default job)' },
    env: { type: 'string', value: '<NAME=value>', multiple: true, help: 'A variable of its environment, sent sealed; may be repeated' },
    retries: { type: 'string', value: '<n>', help: 'Run it again so often if its cluster loses its head (default 0)' },
  },
  examples: [
    'iog job submit clu_01j… --dir . -- python sweep.py',
    'iog job submit clu_01j… --retries 2 -- python -c "import ray; ray.init()"',
  ],
  async run({ given, environment, terminal }) {
    const id = given.id('clu', 0);
    if (given.command.length === 0) throw new UsageError('`iog job submit` needs a command after --.');
    const retries = given.count('retries', { min: 0, max: 10 });
    const env = environmentOf(given.texts('env'));
    const [dir, name] = [given.text('dir'), given.name('name') ?? 'job'];
    const job = await withClient(environment, async (client) => {
      const cluster = await client.call('cluster.show', { params: { cluster: id } });
      const blob = dir === undefined ? undefined : await uploadPackage(client, cluster, packFolder(dir));
      return submitJob(client, cluster, {
        name,
        entrypoint: shellLine(given.command),
        env,
        ...(blob === undefined ? {} : { package: blob }),
        ...(retries === undefined ? {} : { retries }),
      });
    });
    terminal.result(job, `${jobText(job)}\n\nFollow it: iog job logs ${job.id} --follow`);
  },
};

const list: Command = {
  ...takesOne('<cluster>'),
  name: 'job list',
  summary: "List a cluster's jobs",
  options: {},
  examples: ['iog job list clu_01j…'],
  async run({ given, environment, terminal }) {
    const cluster = given.id('clu', 0);
    const items = await withClient(environment, (client) => client.items('job.list', { params: { cluster } }));
    const rows = items.map((job) => [job.id, job.name, job.state, String(job.exitCode ?? '-'), formatInstant(job.createdAt), job.detail]);
    const listed = rows.length === 0 ? 'No jobs.' : table(['job', 'name', 'state', 'exit', 'created', 'detail'], rows, [3]);
    terminal.result(
      items,
      `${listed}\n\nJobs sent with stock \`ray\` are not listed here; the Ray dashboard shows them: iog ray ${cluster}`,
    );
  },
};

const show: Command = {
  ...one,
  name: 'job show',
  summary: 'Show a job',
  examples: ['iog job show job_01j…'],
  async run({ given, environment, terminal }) {
    const job = await withClient(environment, (client) => client.call('job.show', { params: { job: given.id('job', 0) } }));
    terminal.result(job, jobText(job));
  },
};

const stop: Command = {
  ...one,
  name: 'job stop',
  summary: 'Stop a job',
  examples: ['iog job stop job_01j…'],
  async run({ given, environment, terminal }) {
    const job = await withClient(environment, (client) => client.call('job.stop', { params: { job: given.id('job', 0) }, body: {} }));
    terminal.result(job, jobText(job));
  },
};

const logs: Command = {
  ...one,
  name: 'job logs',
  summary: "Print a job's log, opened with this profile's identity",
  options: { follow: { type: 'boolean', short: 'f', help: "Until the job is over; exits with the job's own code" } },
  examples: ['iog job logs job_01j…', 'iog job logs job_01j… --follow'],
  async run({ given, environment, terminal }) {
    const id = given.id('job', 0);
    const { ageIdentity } = requireProfile(environment);
    return withClient(
      environment,
      async (client) => {
        if (!given.flag('follow')) {
          const log = await savedLog(client, id, ageIdentity);
          if (terminal.json) terminal.result({ job: id, log }, '');
          else terminal.raw(Buffer.from(log));
          return 0;
        }
        const halt = new AbortController();
        const { told, release } = untilToldToEnd(false);
        void told.then(() => halt.abort());
        const pieces: Uint8Array[] = [];
        try {
          for await (const piece of followLog(client, id, ageIdentity, { signal: halt.signal })) {
            if (terminal.json) pieces.push(piece);
            else terminal.raw(piece);
          }
        } finally {
          release();
        }
        const job = await client.call('job.show', { params: { job: id } });
        if (terminal.json) terminal.result({ job, log: Buffer.concat(pieces).toString('utf8') }, '');
        return isOver(job) ? exitCodeOf(job) : 1;
      },
      longPatienceMs,
    );
  },
};

const result: Command = {
  ...one,
  name: 'job result',
  summary: 'Print the value of the last IOG_RESULT line in its log',
  examples: ['iog job result job_01j…'],
  async run({ given, environment, terminal }) {
    const id = given.id('job', 0);
    const { ageIdentity } = requireProfile(environment);
    const found = resultIn(await withClient(environment, (client) => savedLog(client, id, ageIdentity)));
    if (found === undefined)
      throw new UserError(`The log of ${id} has no IOG_RESULT line.`, `A job prints one as its last word; see \`iog job logs ${id}\`.`);
    terminal.result(found, JSON.stringify(found, undefined, 2));
  },
};

export const jobCommands: readonly Command[] = [submit, list, show, logs, result, stop];

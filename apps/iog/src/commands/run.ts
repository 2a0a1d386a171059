// iog run: rent, upload, run, end, receipt, in one. Ctrl-C and --detach leave the cluster and its job running.
import { EmptyFolderError, packFolder, shellLine } from '@iog/client';
import type { ClusterView, JobId } from '@iog/protocol';
import type { Call, Command } from '../command.ts';
import { UsageError } from '../failure.ts';
import { longPatienceMs, requireProfile, withClient } from '../profile.ts';
import {
  endCluster,
  endPhase,
  followPhase,
  formPhases,
  quotePhase,
  receiptPhase,
  rentPhase,
  submitPhases,
  type StoryPorts,
} from '../story/job-story.ts';
import { phases } from '../story/phases.ts';
import { receiptText } from '../story/receipt-text.ts';
import { formatInstant, money } from '../terminal/format.ts';
import { demandOf, demandOptions, nodeCount } from './demand.ts';
import { environmentOf, exitCodeOf } from './job.ts';

interface Place {
  cluster?: ClusterView;
  job?: JobId;
}

export const runCommand: Command = {
  name: 'run',
  summary: 'Rent a cluster, run a command on it, end it, show the receipt',
  notes: [
    'Ctrl-C detaches, with exit code 130: the job goes on, and its cluster costs until its time or its cap is used, or `iog cluster end`.',
    "Else it exits with the job's own code.",
  ],
  usage: '-- <command…>',
  positionals: { min: 0, max: 0 },
  takesCommand: true,
  options: {
    ...demandOptions,
    dir: {
      type: 'string',
      value: '<folder>',
      help: "The job's working directory, sent sealed (default: this folder, if it holds files and is not IOG's own)",
    },
    name: { type: 'string', value: '<name>', help: 'The name of cluster and job (default run)' },
    env: { type: 'string', value: '<NAME=value>', multiple: true, help: 'A variable of its environment, sent sealed; may be repeated' },
    retries: { type: 'string', value: '<n>', help: 'Run it again so often if its cluster loses its head (default 0)' },
    keep: { type: 'boolean', help: 'Leave the cluster running afterwards' },
    detach: { type: 'boolean', help: 'Send the job, say how to follow it, and exit with 0; the cluster goes on as after Ctrl-C' },
  },
  examples: [
    'iog run -- python sweep.py',
    'iog run --detach --for 2h --cap 1.00 -- python sweep.py',
    'iog run --nodes 2 --cores 1 --memory 2GB --for 30m --cap 1.00 --dir examples/digits-sweep -- python sweep.py',
  ],
  async run(call) {
    const { given } = call;
    if (given.command.length === 0) throw new UsageError('`iog run` needs a command after --: iog run -- python sweep.py');
    const place: Place = {};
    const halt = new AbortController();
    const interrupted = onInterrupt(halt);
    try {
      return await runStory(call, place, halt.signal);
    } catch (error) {
      if (!halt.signal.aborted) {
        if (!given.flag('keep')) await endAfterFailure(call, place);
        throw error;
      }
      for (const line of comeBackLines(place)) call.terminal.say(line);
      return 130;
    } finally {
      interrupted.release();
    }
  },
};

async function runStory({ given, environment, terminal }: Call, place: Place, signal: AbortSignal): Promise<number> {
  const demand = demandOf(given);
  const env = { IOG_NODES: String(nodeCount(demand)), ...environmentOf(given.texts('env')) };
  const retries = given.count('retries', { min: 0, max: 10 });
  const name = given.name('name') ?? 'run';
  const profile = requireProfile(environment);
  const say = (line: string): void => terminal.say(line);
  const zip = packageOf(given.text('dir'), environment.root, say);
  return withClient(
    environment,
    async (client) => {
      // A key that cannot read could rent, but then not see what it pays for.
      await client.call('account.show', {});
      const network = client.url === profile.url ? profile.network : '';
      const ports: StoryPorts = { client, profile: { ...profile, network }, phases: phases(say), say, signal };
      const quote = await quotePhase(ports, demand);
      const cluster = await rentPhase(ports, name, quote);
      place.cluster = cluster;
      const plan = {
        name,
        zip,
        entrypoint: shellLine(given.command),
        env,
        ...(retries === undefined ? {} : { retries }),
      };
      const submitted = await submitPhases(ports, cluster, plan);
      place.job = submitted.id;
      if (given.flag('detach')) {
        terminal.result({ job: submitted, cluster: cluster.id }, [`job ${submitted.id}`, ...comeBackLines(place)].join('\n'));
        return 0;
      }
      await formPhases(ports, cluster.id, submitted.id);
      const { job } = await followPhase(ports, submitted.id, (bytes) =>
        terminal.json ? terminal.rawProgress(bytes) : terminal.raw(bytes),
      );
      terminal.say(`job ${job.state}${job.detail === '' ? '' : `: ${job.detail}`}`);
      if (given.flag('keep')) {
        terminal.result(
          { job, cluster: cluster.id },
          `${cluster.id} stays until its time or cap is used. End it: iog cluster end ${cluster.id}`,
        );
        return exitCodeOf(job);
      }
      await endPhase(ports, cluster.id);
      const receipt = await receiptPhase(ports, cluster.id);
      if (terminal.json) terminal.result({ job, receipt, phases: ports.phases.done }, '');
      else terminal.say(receiptText(receipt, { notice: false }));
      return exitCodeOf(job);
    },
    longPatienceMs,
  );
}

/** The folder that was named, or this one; nothing where this one is empty, or where `npm run iog` runs: then the command needs no file. */
function packageOf(dir: string | undefined, root: string, say: (line: string) => void): Uint8Array | undefined {
  if (dir === undefined && process.cwd() === root) {
    say("This folder is IOG's own: no files are sent. Name the job's folder with --dir.");
    return undefined;
  }
  try {
    return packFolder(dir ?? process.cwd());
  } catch (error) {
    if (dir !== undefined || !(error instanceof EmptyFolderError)) throw error;
    say('This folder is empty: no files are sent.');
    return undefined;
  }
}

// A run that failed must not go on costing money.
async function endAfterFailure({ environment, terminal }: Call, { cluster }: Place): Promise<void> {
  if (cluster === undefined) return;
  try {
    await withClient(environment, (client) => endCluster(client, cluster.id));
    terminal.say(`${cluster.id} is ended. Its receipt: iog receipt ${cluster.id}`);
  } catch {
    terminal.say(`${cluster.id} could not be ended. Do it: iog cluster end ${cluster.id}`);
  }
}

/** The first Ctrl-C lets go in order; the second ends the process on the spot. */
function onInterrupt(halt: AbortController): { release(): void } {
  const handler = (): void => {
    if (halt.signal.aborted) process.exit(130);
    halt.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handler);
  return {
    release() {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, handler);
    },
  };
}

/** What goes on without us, what it may cost, and the way back to it. */
function comeBackLines({ cluster, job }: Place): string[] {
  if (cluster === undefined) return ['Nothing was rented.'];
  const { id, capMicro, currency, endsAt } = cluster;
  return [
    `Detached: ${job === undefined ? 'the cluster' : 'the job'} goes on. ${id} costs until ${formatInstant(endsAt)}, or until ${money(capMicro, currency)} are used, or until it is ended.`,
    job === undefined ? `Look: iog cluster watch ${id}` : `Come back: iog job logs ${job} --follow`,
    `End it: iog cluster end ${id}`,
  ];
}

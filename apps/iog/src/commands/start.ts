// iog start, which is `npm start`: a network, the main job on it from quote to receipt, then a list of what to try next.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { type Call, type Command, takesNothing } from '../command.ts';
import { startNetwork, type Network } from '../network/network.ts';
import { untilToldToEnd } from '../network/serving.ts';
import { mainJob, setUpPhases, type MainJobReport } from '../story/main-job.ts';
import { storeOption, storeUrl, withSchema } from '../network/store-choice.ts';
import { phases, type Phases } from '../story/phases.ts';
import { receiptText } from '../story/receipt-text.ts';
import { pairs, table } from '../terminal/format.ts';
import { networkOptions } from './up.ts';

export const startCommand: Command = {
  ...takesNothing,
  name: 'start',
  summary: 'Bring a network up, run the main job on a rented cluster, show the receipt',
  options: {
    devices: networkOptions.devices,
    port: networkOptions.port,
    store: storeOption,
    once: { type: 'boolean', help: 'End after the receipt, and leave nothing behind: the home is a temporary folder' },
    keep: { type: 'boolean', help: 'With --once: keep that folder' },
  },
  examples: ['iog start', 'iog start --once', 'iog start --once --json > receipt.json'],
  async run(call) {
    const { environment, given, terminal } = call;
    const once = given.flag('once');
    const chosen = storeUrl(given, environment);
    // Like its home, the rows of a network that is run once are its own, and go with it.
    const store = once && chosen !== undefined ? withSchema(chosen, `iog_once_${randomBytes(6).toString('hex')}`) : chosen;
    // Short, and not under a deep TMPDIR: Ray's sockets have a path limit.
    const home = once ? mkdtempSync(path.join(tmpdir(), 'iog-')) : environment.home;
    const { told, release } = untilToldToEnd(false);
    const halt = new AbortController();
    void told.then(() => halt.abort());
    try {
      return await start(call, { home, store }, halt.signal, told);
    } finally {
      release();
      if (once && given.flag('keep')) terminal.say(`kept: ${home}`);
      else if (once) {
        rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
        if (store !== undefined) await removeRows(store, (line) => terminal.say(line));
      }
    }
  },
};

async function removeRows(url: string, say: (line: string) => void): Promise<void> {
  const { dropStore } = await import('@iog/control');
  const schema = new URL(url).searchParams.get('schema') ?? '';
  await dropStore({ kind: 'postgres', url }).catch(() => say(`left in the database: the schema ${schema}`));
}

async function start(
  { given, environment, terminal }: Call,
  { home, store }: { readonly home: string; readonly store: string | undefined },
  signal: AbortSignal,
  told: Promise<string>,
): Promise<number> {
  const say = (line: string): void => terminal.say(line);
  const shown = phases(say);
  for (const phase of setUpPhases(environment.root)) shown.past(phase);
  const [devices, port] = [given.count('devices', { max: 16 }), given.count('port', { max: 65_535 })];
  const env = { ...environment.all, IOG_HOME: home };
  const network = await shown.run('network up', () =>
    startNetwork({ home, dir: path.join(home, 'network'), devices, port, store, env, say }),
  );
  try {
    const report = await story(network, shown, environment.root, say, signal, (bytes) => terminal.rawProgress(bytes));
    terminal.result(report, reportText(report));
    if (given.flag('once')) return 0;
    say(whatNext(network.url, report.receipt.cluster));
    await told;
    return 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    // As a shell says it of a program that a signal ended.
    return 128 + constants.signals[(await told) as NodeJS.Signals];
  } finally {
    say('stopping workers and control');
    await network.stop();
  }
}

async function story(
  network: Network,
  shown: Phases,
  root: string,
  say: (line: string) => void,
  signal: AbortSignal,
  out: (bytes: Uint8Array) => void,
): Promise<MainJobReport> {
  const devices = await shown.run('workers admitted', (waiting) => network.admitDevices(waiting, signal));
  return mainJob({ client: network.client, profile: network.profile, phases: shown, say, signal }, root, devices, out);
}

function reportText({ result, tasksPerNode, receipt, phases: done }: MainJobReport): string {
  const totalMs = done.reduce((sum, { ms }) => sum + ms, 0);
  const tasks = table(
    ['node', 'tasks'],
    Object.entries(tasksPerNode).map(([node, count]) => [node, String(count)]),
    [1],
  );
  return [
    '',
    `Result: ${JSON.stringify(result)}`,
    '',
    tasks,
    '',
    receiptText(receipt, { notice: false }),
    '',
    `All of it took ${(totalMs / 1_000).toFixed(1)} s.`,
  ].join('\n');
}

function whatNext(url: string, cluster: string): string {
  const tries = pairs([
    ['  iog offers', 'what may be rented'],
    ['  iog quote --nodes 2 --cores 1', 'what it would cost'],
    ['  iog run --dir examples/digits-sweep -- python sweep.py', 'a job, its output and its bill'],
    ['  iog cluster create --for 1h', 'a cluster that stays'],
    ['  iog ray <cluster>', 'stock ray job submit, and the dashboard'],
    [`  iog receipt ${cluster} --minutes`, 'every minute with its verdict'],
    ['  iog activity', 'what was done, and by whom'],
  ]);
  return ['', `The network stays up at ${url}. Try in another terminal (npm run iog -- …):`, tries, 'Ctrl-C ends it all.'].join('\n');
}

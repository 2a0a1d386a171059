// iog ray: a local door to a cluster's Ray head, for stock Ray tools and a browser. It follows the head when the cluster gets a new one.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { localProxy, openSecrets, openTunnel, shellLine, tunnelUrl, type IogClient } from '@iog/client';
import type { ClusterId, LeaseId } from '@iog/protocol';
import { fromHex } from '@iog/seal';
import type { Call, Command } from '../command.ts';
import { UserError } from '../failure.ts';
import { untilToldToEnd } from '../network/serving.ts';
import { longPatienceMs, makePrivateFolder, requireProfile, withClient } from '../profile.ts';

const headRefreshMs = 2_000;

export const rayCommand: Command = {
  name: 'ray',
  summary: "Open a local door to a cluster's Ray, for `ray job submit` and a browser",
  usage: '<cluster> [-- <command…>]',
  positionals: { min: 1, max: 1 },
  takesCommand: true,
  options: { port: { type: 'string', value: '<n>', help: 'Port on 127.0.0.1 (default: a free one)' } },
  examples: ['iog ray clu_01j…', 'iog ray clu_01j… -- ray job submit --working-dir . -- python sweep.py'],
  async run(call) {
    const cluster = call.given.id('clu', 0);
    const port = call.given.count('port', { max: 65_535 }) ?? 0;
    const { ageIdentity } = requireProfile(call.environment);
    const { told, release } = untilToldToEnd(false);
    try {
      return await withClient(call.environment, (client) => openDoor(call, client, cluster, ageIdentity, port, told), longPatienceMs);
    } finally {
      release();
    }
  },
};

async function openDoor(
  call: Call,
  client: IogClient,
  cluster: ClusterId,
  ageIdentity: string,
  port: number,
  told: Promise<string>,
): Promise<number> {
  const { given, environment, terminal } = call;
  const view = await client.call('cluster.show', { params: { cluster } });
  if (view.state !== 'running')
    throw new UserError(
      `${cluster} is ${view.state}.`,
      view.state === 'forming' ? `Wait for it: iog cluster watch ${cluster}` : 'Rent another: `iog cluster create`.',
    );
  const { rayToken, tunnelKeyHex } = await openSecrets(view, ageIdentity);
  const tunnel = openTunnel({ url: tunnelUrl(client.url), headers: client.authorization(), ca: client.authorities() });
  const head = currentHead(client, cluster);
  const connect = async () => tunnel.connect({ lease: await head(), target: 'dashboard', key: fromHex(tunnelKeyHex) });
  const proxy = await localProxy({ connect, port, token: rayToken }).catch((error: NodeJS.ErrnoException) => {
    tunnel.close();
    if (error.code === 'EADDRINUSE')
      throw new UserError(`Port ${port} is taken by another program.`, 'Choose another with --port, or leave it out.');
    throw error;
  });
  makePrivateFolder(environment.home);
  const folder = mkdtempSync(path.join(environment.home, 'ray-'));
  const tokenFile = path.join(folder, 'token');
  try {
    writeFileSync(tokenFile, rayToken, { mode: 0o600 });
    const settings = { RAY_ADDRESS: proxy.url, RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN_PATH: tokenFile };
    if (given.command.length > 0) return await runWith(settings, call, told);
    const bin = path.join(environment.python, 'bin');
    terminal.result(
      { ...settings, ray: path.join(bin, 'ray'), dashboard: proxy.newLoginUrl() },
      [
        ...Object.entries(settings).map(([name, value]) => `export ${name}=${shellLine([value])}`),
        `export PATH="$PATH":${shellLine([bin])}`,
      ].join('\n'),
    );
    if (!terminal.json) terminal.say('In another terminal, paste these lines; the last one is where `ray` is found.');
    if (!terminal.json) terminal.say(`Dashboard, a link for one browser, once: ${proxy.newLoginUrl()}`);
    terminal.say('Ctrl-C closes it.');
    await told;
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await proxy.close();
    tunnel.close();
  }
}

/** The lease of the head, asked for again after a short while: a lost head is replaced under another lease. */
function currentHead(client: IogClient, cluster: ClusterId): () => Promise<LeaseId> {
  let known: { lease: LeaseId; at: number } | undefined;
  return async () => {
    if (known !== undefined && performance.now() - known.at < headRefreshMs) return known.lease;
    const { head } = await client.call('cluster.show', { params: { cluster } });
    if (head === null) throw new Error('The cluster has no head at the moment; a new one is being formed.');
    known = { lease: head, at: performance.now() };
    return head;
  };
}

/** The user's command with the settings in its environment; its own exit code. Signals that reach us go on to it. */
function runWith(settings: Readonly<Record<string, string>>, { given, environment }: Call, told: Promise<string>): Promise<number> {
  const [program = '', ...words] = given.command;
  // The installation's own Ray comes last: a `ray` of the user's is preferred.
  const search = `${environment.all['PATH'] ?? ''}${path.delimiter}${path.join(environment.python, 'bin')}`;
  const child = spawn(program, words, { stdio: 'inherit', env: { ...environment.all, PATH: search, ...settings } });
  void told.then((why) => child.kill(why === 'SIGINT' ? 'SIGINT' : 'SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new UserError(`There is no program ${program}.`, 'Check its name, and PATH.') : error);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal])));
  });
}

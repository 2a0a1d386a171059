// iog doctor: whether this machine has what a network needs, each finding with its fix.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { iogClient } from '@iog/client';
import { type Command, takesNothing } from '../command.ts';
import type { Environment } from '../environment.ts';
import { profileOf, requireNetwork } from '../profile.ts';
import { formatBytes, formatCores, table } from '../terminal/format.ts';

interface Finding {
  readonly what: string;
  /** `note`: it works, with a limit that is named. */
  readonly state: 'good' | 'note' | 'bad';
  readonly found: string;
  readonly fix: string;
}

const leastDiskBytes = 3_000_000_000;
const leastMemoryBytes = 2_500_000_000;
const clockLimitMs = 5_000;

export const doctorCommand: Command = {
  ...takesNothing,
  name: 'doctor',
  summary: 'Check this machine and the network, with a fix for each finding',
  options: {},
  examples: ['iog doctor', 'iog doctor --json'],
  async run({ environment, terminal }) {
    const findings = await Promise.all([rayVersion(environment), namespaces(), ports(), cores(), network(environment)]).then((asked) => [
      nodeVersion(),
      disk(environment),
      memory(),
      ...asked,
    ]);
    const rows = findings.map(({ what, state, found, fix }) => [state, what, state === 'good' || fix === '' ? found : `${found}. ${fix}`]);
    terminal.result(findings, table(['state', 'what', 'found'], rows));
    return findings.some(({ state }) => state === 'bad') ? 1 : 0;
  },
};

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > 24 || (major === 24 && minor >= 12);
  return {
    what: 'Node.js',
    state: good ? 'good' : 'bad',
    found: process.version,
    fix: 'Run through `npm run iog -- …`, which uses the packaged one.',
  };
}

/** Ray must be there, load, and be the one that this build was made for: another speaks another protocol to its head. */
async function rayVersion({ python, root }: Environment): Promise<Finding> {
  const program = path.join(python, 'bin/python');
  const fix = 'Run `npm start` or `npm run iog`: set-up builds it. To rebuild: rm -rf .cache/python*';
  if (!existsSync(program)) return { what: 'Python and Ray', state: 'bad', found: `${program} is missing`, fix };
  const code = 'import sys, ray; print(sys.version.split()[0], "with Ray", ray.__version__)';
  const { out: found, said } = await outcome(program, ['-c', code]);
  if (found === undefined) return { what: 'Python and Ray', state: 'bad', found: `Ray does not load: ${said}`, fix };
  const pinned = /^ray==(\S+)/m.exec(readFileSync(path.join(root, 'python/requirements.lock'), 'utf8'))?.[1] ?? '';
  if (!found.endsWith(`with Ray ${pinned}`)) return { what: 'Python and Ray', state: 'bad', found: `${found}, not ${pinned}`, fix };
  return { what: 'Python and Ray', state: 'good', found, fix };
}

/** Without namespaces nodes still run, under the fallback that sweeps their processes. */
async function namespaces(): Promise<Finding> {
  const own = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user'];
  const works = await output('unshare', [...own, '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', 'echo', 'ok']);
  const fix =
    'Nodes run under the fallback, which also leaves nothing behind. To allow them: sysctl kernel.apparmor_restrict_unprivileged_userns=0';
  return {
    what: 'PID namespaces',
    state: works === 'ok' ? 'good' : 'note',
    found: works === 'ok' ? 'each node gets its own' : 'refused, or unshare is missing',
    fix,
  };
}

function ports(): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    const done = (state: Finding['state'], found: string): void =>
      resolve({ what: 'ports', state, found, fix: 'Free some ports, or lift the limit on open sockets (ulimit -n).' });
    server.once('error', (error) => done('bad', `127.0.0.1 gives no port: ${error.message}`));
    server.listen(0, '127.0.0.1', () => server.close(() => done('good', '127.0.0.1 gives free ports')));
  });
}

function disk({ home }: Environment): Finding {
  const folders = [existsSync(home) ? home : path.dirname(home), tmpdir()].filter((dir) => existsSync(dir));
  const free = folders.map((dir) => ({ dir, bytes: statfsSync(dir).bavail * statfsSync(dir).bsize }));
  const least = free.toSorted((a, b) => a.bytes - b.bytes)[0] ?? { dir: home, bytes: 0 };
  const state = least.bytes >= leastDiskBytes ? 'good' : 'bad';
  return {
    what: 'disk',
    state,
    found: `${formatBytes(least.bytes)} free at ${least.dir}`,
    fix: `Free some, or move IOG_HOME or TMPDIR: ${formatBytes(leastDiskBytes)} are needed.`,
  };
}

function memory(): Finding {
  const limit = process.constrainedMemory();
  const free = limit > 0 ? Math.min(process.availableMemory(), limit) : process.availableMemory();
  return {
    what: 'memory',
    state: free >= leastMemoryBytes ? 'good' : 'note',
    found: `${formatBytes(free)} available`,
    fix: `Two nodes want ${formatBytes(leastMemoryBytes)}: close other programs.`,
  };
}

async function cores(): Promise<Finding> {
  const { hostCores } = await import('@iog/worker');
  const found = hostCores();
  return {
    what: 'cores',
    state: found.length >= 2 ? 'good' : 'note',
    found: formatCores(found),
    fix: 'With one core, two devices share it and compete for it.',
  };
}

async function network(environment: Environment): Promise<Finding> {
  const what = 'network';
  if (environment.url === undefined && profileOf(environment) === undefined)
    return { what, state: 'note', found: 'none is known here', fix: 'Start one with `iog up`.' };
  const { url, profile } = requireNetwork(environment);
  const client = iogClient({ url, patienceMs: 1_000, ...(profile?.ca === undefined ? {} : { ca: profile.ca }) });
  try {
    const before = Date.now();
    const { name, version, now } = await client.call('network.show', {});
    const apartMs = Math.max(0, before - now, now - Date.now());
    if (apartMs > clockLimitMs)
      return {
        what,
        state: 'note',
        found: `${url} (${name}); its clock is ${Math.round(apartMs / 1_000)} s from this one`,
        fix: 'Set the clock of this machine (NTP).',
      };
    return { what, state: 'good', found: `${url} (${name}, version ${version}); clocks agree`, fix: '' };
  } catch (error) {
    return {
      what,
      state: 'bad',
      found: error instanceof Error ? error.message.replace(/\.$/, '') : String(error),
      fix: 'Start it with `iog up`, or correct IOG_URL.',
    };
  } finally {
    client.close();
  }
}

async function output(program: string, words: readonly string[]): Promise<string | undefined> {
  return (await outcome(program, words)).out;
}

/** `out` where the program ended well; else `said` is its last line. */
function outcome(program: string, words: readonly string[]): Promise<{ readonly out: string | undefined; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(program, [...words], { timeout: 60_000, killSignal: 'SIGKILL' }, (error, out, told) => {
      const said = told.trim().split('\n').at(-1)?.slice(0, 200);
      resolve({ out: error === null ? out.trim() : undefined, said: said || (error?.message.split('\n')[0] ?? '') });
    });
  });
}

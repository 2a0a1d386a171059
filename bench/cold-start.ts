// A stranger's first `npm start`: a fresh clone, an empty home, nothing cached, beside its two installations done bare.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Bench, figure, lineOf } from './line.ts';

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '..');
const withinMs = 600_000;

interface Phase {
  readonly name: string;
  readonly ms: number;
}

export const coldStartBench: Bench = {
  name: 'cold-start',
  // Once, whatever is asked: it loads several hundred megabytes each time.
  async run({ say }) {
    const folder = mkdtempSync(path.join(tmpdir(), 'iog-cold-'));
    try {
      const installMs = await bareInstall(path.join(folder, 'bare'));
      say(`npm ci and uv, at the same time: ${figure(installMs, 'ms')}`);
      const { wallMs, phases } = await firstStart(path.join(folder, 'clone'));
      say(`npm start in a fresh clone: ${figure(wallMs, 'ms')}`);
      const setUpMs = Math.max(0, ...phases.filter(({ name }) => name.startsWith('set-up')).map(({ ms }) => ms));
      return {
        lines: [
          lineOf('cold start, set-up', 'ms', [setUpMs], 'npm ci and uv, bare', [installMs]),
          lineOf('cold start, whole', 'ms', [wallMs]),
        ],
        breakdown: ['cold start: phases', ...phases.map(({ name, ms }) => `${name.padEnd(24)}${figure(ms, 'ms').padStart(10)}`)],
        detail: phases,
      };
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

/** No cache of npm, pip or uv outlives this: they follow HOME. */
function emptyHome(home: string): NodeJS.ProcessEnv {
  mkdirSync(home, { recursive: true });
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|XDG_|NODE_COMPILE_CACHE$|IOG_|UV_CACHE|PIP_CACHE|VIRTUAL_ENV)/.test(name),
  );
  // npm puts its own folders in front of PATH.
  const PATH = (process.env['PATH'] ?? '').split(path.delimiter).filter((dir) => !dir.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: PATH.join(path.delimiter), HOME: home };
}

async function firstStart(dir: string): Promise<{ wallMs: number; phases: readonly Phase[] }> {
  await run('git', ['clone', '--quiet', '--no-hardlinks', root, dir]);
  const startedMs = performance.now();
  const env = emptyHome(`${dir}-home`);
  const { stdout } = await run('npm', ['start', '--silent', '--', '--once', '--json'], {
    cwd: dir,
    env,
    timeout: withinMs,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { phases } = JSON.parse(stdout) as { phases: readonly Phase[] };
  return { wallMs: performance.now() - startedMs, phases };
}

async function bareInstall(dir: string): Promise<number> {
  mkdirSync(dir, { recursive: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'python', 'packages', 'apps'])
    cpSync(path.join(root, name), path.join(dir, name), { recursive: true, force: true });
  const env = emptyHome(`${dir}-home`);
  const options = { cwd: dir, env, timeout: withinMs };
  const python = async (): Promise<void> => {
    await run('python3', ['-m', 'venv', 'venv'], options);
    await run('venv/bin/python', ['-m', 'pip', 'install', '--quiet', '--require-hashes', '-r', 'python/uv.lock'], options);
    const lock = ['--require-hashes', '--no-build', '-r', 'python/requirements.lock'];
    await run('venv/bin/uv', ['pip', 'install', '--quiet', '--python', 'venv/bin/python', ...lock], options);
  };
  const startedMs = performance.now();
  await Promise.all([run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], options), python()]);
  return performance.now() - startedMs;
}

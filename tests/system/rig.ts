// A network of real processes for system tests: `iog up` in a folder of its own, its processes seen from outside, and what it leaves.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../../crash/until.ts';

export { until };

export const root = path.join(import.meta.dirname, '../..');
const main = path.join(root, 'apps/iog/src/main.ts');

export interface Place {
  /** Everything that the product makes is below it: homes and, as its TMPDIR, the nodes' folders. Short, for Ray's socket paths. */
  readonly dir: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

export function makePlace(): Place {
  const dir = fs.mkdtempSync('/tmp/it-');
  const home = path.join(dir, 'home');
  const cache = process.env['NODE_COMPILE_CACHE'];
  const own = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: dir, TMPDIR: dir, IOG_HOME: home };
  return { dir, home, env: cache === undefined ? own : { ...own, NODE_COMPILE_CACHE: cache } };
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ran>;
  over(): boolean;
  out(): string;
  err(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `iog` with these words. */
export function start(place: Place, words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child: ChildProcess = spawn(process.execPath, [main, ...words], {
    cwd: place.dir,
    env: { ...place.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  let over = false;
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (code) => {
      over = true;
      resolve({ code, out, err });
    });
  });
  return { pid: child.pid ?? -1, ended, over: () => over, out: () => out, err: () => err, kill: (signal) => child.kill(signal) };
}

/** Runs `iog` to its end. */
export async function iog(place: Place, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return start(place, words, env).ended;
}

/** Runs `iog … --json` to its end and gives its document. */
export async function iogJson<T>(place: Place, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<T> {
  const gap = words.indexOf('--');
  const asked = gap < 0 ? [...words, '--json'] : [...words.slice(0, gap), '--json', ...words.slice(gap)];
  const { code, out, err } = await iog(place, asked, env);
  assert.equal(code, 0, `iog ${words.join(' ')}: ${err.slice(-2_000)}`);
  return JSON.parse(out) as T;
}

export interface Up {
  readonly running: Running;
  readonly url: string;
}

/** `iog up`, once it says that it is up. */
export async function up(place: Place): Promise<Up> {
  const running = start(place, ['up', '--json']);
  await until('the network to be up', 60_000, () => running.over() || /\}\s*$/.test(running.out()));
  assert.ok(!running.over(), `iog up ended: ${running.err()}`);
  return { running, url: (JSON.parse(running.out()) as { url: string }).url };
}

// `npm start` as a user ends it: Ctrl-C, `kill`, a closed terminal, while it forms and while it stays up. Nothing of it is left.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { clear, processesOf } from './processes.ts';
import { makePlace, root, until, type Place } from './rig.ts';

type Stage = 'forming' | 'up';
interface Started {
  readonly pid: number;
  readonly said: () => string;
  readonly ended: Promise<number>;
  readonly over: () => boolean;
  /** Closes its terminal, where it has one. */
  readonly hangUp: () => void;
}

const sawWords: Readonly<Record<Stage, RegExp>> = { forming: /\((head|member)\): (starting|joining)/, up: /Ctrl-C ends it all/ };

test('Ctrl-C while a cluster forms: all of it ends, and the temporary home goes', async (t) => {
  const { place, started } = await startedUntil(t, 'forming', ['--once']);
  process.kill(-started.pid, 'SIGINT');
  assert.equal(await exitOf(started), 130);
  await assertNoTrace(place, []);
});

test('SIGTERM to npm alone, as a supervisor sends it, while a cluster forms', async (t) => {
  const { place, started } = await startedUntil(t, 'forming', ['--once']);
  process.kill(started.pid, 'SIGTERM');
  assert.equal(await exitOf(started), 143);
  await assertNoTrace(place, []);
});

test('Ctrl-C while it stays up, then on the same home a terminal closed while it forms: the home is kept, with no lock in it', async (t) => {
  const { place, started } = await startedUntil(t, 'up', []);
  const { url } = JSON.parse(fs.readFileSync(path.join(place.home, 'profile.json'), 'utf8')) as { url: string };
  process.kill(-started.pid, 'SIGINT');
  assert.ok([0, 130].includes(await exitOf(started)), 'what was asked for was done');
  await assertNoTrace(place, ['home']);
  await assert.rejects(reach(url), { code: 'ECONNREFUSED' });

  const again = startNpm(place, [], true);
  await untilSaid(again, 'forming');
  again.hangUp();
  assert.equal(await exitOf(again), 129);
  await assertNoTrace(place, ['home']);
});

async function startedUntil(
  t: { after(work: () => Promise<void>): void },
  stage: Stage,
  words: readonly string[],
): Promise<{ place: Place; started: Started }> {
  const place = makePlace();
  t.after(() => clear(place.dir));
  const started = startNpm(place, words, false);
  await untilSaid(started, stage);
  return { place, started };
}

/** In a process group of its own, as a shell starts it. npm's own logs and cache are no part of what is looked at. */
function startNpm(place: Place, words: readonly string[], inTerminal: boolean): Started {
  const npm = ['npm', 'start', ...(words.length > 0 ? ['--', ...words] : [])];
  const [program = '', ...args] = inTerminal
    ? [path.join(root, '.cache/python/bin/python'), path.join(import.meta.dirname, 'terminal.py'), ...npm]
    : npm;
  const child = spawn(program, args, {
    cwd: root,
    env: {
      ...place.env,
      npm_config_logs_max: '0',
      npm_config_update_notifier: 'false',
      npm_config_cache: path.join(root, '.cache/npm-of-tests'),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  let over = false;
  const ended = new Promise<number>((resolve) => {
    child.once('close', (code, signal) => {
      over = true;
      const status = inTerminal ? (JSON.parse(out) as { code: number }).code : (code ?? -constants.signals[signal ?? 'SIGKILL']);
      // As a shell says it: what a signal ended has 128 and its number.
      resolve(status < 0 ? 128 - status : status);
    });
  });
  return { pid: child.pid ?? -1, said: () => out + err, ended, over: () => over, hangUp: () => child.stdin.end() };
}

async function untilSaid(started: Started, stage: Stage): Promise<void> {
  await until(`npm start to be ${stage}`, 90_000, () => started.over() || sawWords[stage].test(started.said()), started.said);
  assert.ok(!started.over(), started.said());
}

async function exitOf(started: Started): Promise<number> {
  await until('npm start to end', 30_000, started.over, () => started.said().slice(-1_000));
  return started.ended;
}

/** No process, nothing in the folder for temporary files but what is named, and in that no socket and no lock. */
async function assertNoTrace(place: Place, kept: readonly string[]): Promise<void> {
  // npm goes at once when its terminal does; what it started ends in order, its cluster first.
  await until(
    'every process to be gone',
    30_000,
    () => processesOf(place.dir).length === 0,
    () => JSON.stringify(processesOf(place.dir)),
  );
  assert.deepEqual(fs.readdirSync(place.dir).toSorted(), kept.toSorted());
  const files = fs.readdirSync(place.dir, { recursive: true, withFileTypes: true });
  const held = files.filter((file) => file.isSocket() || /(\.lock|\.pid|-wal|-shm)$/.test(file.name));
  assert.deepEqual(
    held.map(({ name }) => name),
    [],
  );
}

function reach(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => resolve(socket.destroy() && undefined));
    socket.once('error', reject);
  });
}

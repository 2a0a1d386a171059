// Ten thousand sessions on one control: what each costs in memory and time, how soon all are back after a kill, and after storms.
import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sockets } from '@iog/protocol';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { type Bench, lineOf } from '../line.ts';
import type { ServerFigures, SwarmFigures } from './device.ts';

/** Set by `--sessions`. */
export const sessionsAsked = { count: 10_000 };
const settleMs = 12_000;
const windowMs = 20_000;
const storms = 3;
const backWithinMs = 180_000;
const swarms = 2;

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}
interface Held {
  readonly bytesPerSession: number;
  readonly microsPerBeat: number;
  readonly beatsPerSecond: number;
}

export const sessionsBench: Bench = {
  name: 'sessions',
  async run({ runs, say }) {
    const { count } = sessionsAsked;
    const [own, bare, back]: [Held[], Held[], number[]] = [[], [], []];
    for (let i = 0; i < runs; i++) {
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-sessions-'));
      try {
        bare.push(await measureBare(count, say));
        own.push(await measureControl(dir, count, say, back));
      } finally {
        fs.rmSync(dir, { recursive: true, force: true });
      }
    }
    const of = (all: readonly Held[], name: keyof Held): number[] => all.map((each) => each[name]);
    return {
      lines: [
        lineOf(`sessions, beats of ${count} devices`, '/s', of(own, 'beatsPerSecond'), 'bare ws', of(bare, 'beatsPerSecond')),
        lineOf('sessions, CPU of one beat with its share of pulses', 'µs', of(own, 'microsPerBeat'), 'bare ws', of(bare, 'microsPerBeat')),
        lineOf('sessions, memory of one', 'B', of(own, 'bytesPerSession'), 'bare ws', of(bare, 'bytesPerSession')),
        lineOf('sessions, all back after kill -9', 'ms', back),
      ],
    };
  },
};

async function measureBare(count: number, say: (line: string) => void): Promise<Held> {
  const server = await startServer('bare.ts', []);
  const devices = await startSwarms(count);
  try {
    return await measure('bare ws', server, devices, count, say);
  } finally {
    await endAll([server.child, ...devices]);
  }
}

async function measureControl(dir: string, count: number, say: (line: string) => void, back: number[]): Promise<Held> {
  const secret = makeApiSecret(randomBytes(32));
  const { recipient } = await generateAgeIdentity();
  const first = [hashApiSecret(secret), recipient];
  let server = await startServer('control.ts', [dir, '0', String(count), ...first]);
  const devices = await startSwarms(count);
  try {
    const held = await measure('control', server, devices, count, say);
    const killedAt = performance.now();
    server.child.kill('SIGKILL');
    server = await startServer('control.ts', [dir, String(server.port), '0', ...first]);
    const upMs = Math.round(performance.now() - killedAt);
    await allOpen(devices, count, 'none');
    back.push(performance.now() - killedAt);
    say(`control killed: it listens again after ${upMs} ms, all ${count} are back after ${Math.round(back.at(-1) ?? 0)} ms`);
    for (let storm = 1; storm <= storms; storm++) await oneStorm(server, devices, count, secret, (told) => say(`storm ${storm}: ${told}`));
    return held;
  } finally {
    await endAll([server.child, ...devices]);
  }
}

/** All connections are cut at once. Whatever beat is counted was sent. */
async function oneStorm(server: Server, devices: readonly ChildProcess[], count: number, secret: string, say: (told: string) => void) {
  const sentBefore = (await swarmFigures(devices)).beats;
  const takenBefore = await beatsTaken(server, secret);
  const startedMs = performance.now();
  for (const child of devices) await ask(child, { storm: true });
  const { putOff } = await allOpen(devices, count, 'some');
  const tookMs = Math.round(performance.now() - startedMs);
  await sleep(settleMs);
  const taken = (await beatsTaken(server, secret)) - takenBefore;
  const sent = (await swarmFigures(devices)).beats - sentBefore;
  const { rssBytes, heapBytes } = await serverFigures(server);
  // Those on their way at the first look are in one count and not in the other.
  if (taken > sent + count) throw new Error(`${taken} beats were counted and ${sent} sent`);
  say(
    `all back after ${tookMs} ms (${putOff} put off so far), ${sent} beats sent, ${taken} counted; ${megabytes(rssBytes)} of memory, ${megabytes(heapBytes)} in use`,
  );
}

async function measure(
  name: string,
  server: Server,
  devices: readonly ChildProcess[],
  count: number,
  say: (line: string) => void,
): Promise<Held> {
  const empty = await serverFigures(server);
  const startedMs = performance.now();
  for (const child of devices) await ask(child, { dial: `ws://127.0.0.1:${server.port}${sockets.link}` });
  const { putOff } = await allOpen(devices, count, 'none');
  const openMs = Math.round(performance.now() - startedMs);
  await sleep(settleMs);
  const [before, sentBefore, atMs] = [await serverFigures(server), (await swarmFigures(devices)).beats, performance.now()];
  await sleep(windowMs);
  const [after, sentAfter, endMs] = [await serverFigures(server), (await swarmFigures(devices)).beats, performance.now()];
  const beats = sentAfter - sentBefore;
  const held = {
    bytesPerSession: (after.rssBytes - empty.rssBytes) / count,
    microsPerBeat: ((after.cpuMs - before.cpuMs) * 1_000) / beats,
    beatsPerSecond: (beats * 1_000) / (endMs - atMs),
  };
  const share = Math.round((100 * (after.cpuMs - before.cpuMs)) / (endMs - atMs));
  say(
    `${name}: ${count} open after ${openMs} ms (${putOff} put off); ${Math.round(held.beatsPerSecond)} beats /s at ${held.microsPerBeat.toFixed(0)} µs (${share} % of one core); ` +
      `${megabytes(empty.rssBytes)} empty, ${megabytes(after.rssBytes)} with them, ${Math.round(held.bytesPerSession)} B each`,
  );
  return held;
}

async function allOpen(devices: readonly ChildProcess[], count: number, before: 'none' | 'some'): Promise<SwarmFigures> {
  const untilMs = performance.now() + backWithinMs;
  // After a cut they count as open until the cut is heard.
  if (before === 'some') await sleep(100);
  for (;;) {
    const found = await swarmFigures(devices);
    if (found.open === count) return found;
    if (performance.now() > untilMs) throw new Error(`only ${found.open} of ${count} sessions are open after ${backWithinMs / 1_000} s`);
    await sleep(100);
  }
}

async function startServer(file: string, given: readonly string[]): Promise<Server> {
  const child = fork(path.join(import.meta.dirname, file), given, { execArgv: ['--expose-gc', ...process.execArgv] });
  const { port } = (await answer(child)) as { port: number };
  return { child, port };
}

async function startSwarms(count: number): Promise<ChildProcess[]> {
  const bounds = Array.from({ length: swarms + 1 }, (_, i) => Math.floor((count * i) / swarms));
  return Promise.all(
    Array.from({ length: swarms }, async (_, i) => {
      const child = fork(path.join(import.meta.dirname, 'swarm.ts'), [String(bounds[i]), String(bounds[i + 1])]);
      await answer(child);
      return child;
    }),
  );
}

async function swarmFigures(devices: readonly ChildProcess[]): Promise<SwarmFigures> {
  const all = (await Promise.all(devices.map((child) => ask(child, {})))) as SwarmFigures[];
  const sum = (name: keyof SwarmFigures): number => all.reduce((total, each) => total + each[name], 0);
  return { open: sum('open'), beats: sum('beats'), pulses: sum('pulses'), putOff: sum('putOff') };
}

async function serverFigures({ child }: Server): Promise<ServerFigures> {
  return (await ask(child, {})) as ServerFigures;
}

async function beatsTaken({ port }: Server, secret: string): Promise<number> {
  const answered = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${secret}` } });
  const found = /^\S*beats_total (\d+)/m.exec(await answered.text())?.[1];
  if (found === undefined) throw new Error('control tells no count of beats');
  return Number(found);
}

function ask(child: ChildProcess, asked: object): Promise<unknown> {
  const answered = answer(child);
  child.send(asked);
  return answered;
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of the bench ended'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

async function endAll(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }),
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

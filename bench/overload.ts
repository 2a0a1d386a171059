// Control under ten times what it can: what it still does, how long that takes, and how soon it is itself again. One client process, open loop.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import type { Bench } from './line.ts';
import { lineOf } from './line.ts';

const windowMs = 4_000;
const peakClients = 16;
const connections = 2_048;
const times = 10;
const recoveredWithinMs = 10_000;

interface Target {
  readonly url: string;
  readonly secret: string;
  readonly child: ChildProcess;
}
interface Tally {
  readonly acceptedPerSecond: number;
  readonly offeredPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly shed: number;
}

export const overloadBench: Bench = {
  name: 'overload',
  async run({ runs, say }) {
    const kept: number[] = [];
    const peaks: number[] = [];
    const slow: number[] = [];
    const quick: number[] = [];
    const recoveries: number[] = [];
    for (let i = 0; i < runs; i++) {
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-overload-'));
      const target = await start(dir);
      const agent = new http.Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
      try {
        await closedLoop(target, agent, 1, 1_000);
        const calm = await closedLoop(target, agent, 1, windowMs);
        const peak = await closedLoop(target, agent, peakClients, windowMs);
        await connect(target, agent);
        const over = await openLoop(target, agent, peak.acceptedPerSecond * times, windowMs);
        const recoveredMs = await recovery(target, agent, calm.p99Ms);
        kept.push(over.acceptedPerSecond);
        peaks.push(peak.acceptedPerSecond);
        slow.push(over.p99Ms);
        quick.push(calm.p99Ms);
        recoveries.push(recoveredMs);
        say(
          `${i + 1}/${runs}: alone p99 ${calm.p99Ms.toFixed(1)} ms; peak ${Math.round(peak.acceptedPerSecond)} /s, p99 ${peak.p99Ms.toFixed(1)} ms; ` +
            `offered ${Math.round(over.offeredPerSecond)} /s (asked for ${Math.round(peak.acceptedPerSecond * times)}): accepted ${Math.round(over.acceptedPerSecond)} /s, ` +
            `p99 ${over.p99Ms.toFixed(1)} ms, shed ${over.shed}; itself again after ${recoveredMs} ms`,
        );
      } finally {
        agent.destroy();
        target.child.kill('SIGTERM');
        await new Promise((resolve) => target.child.once('close', resolve));
        fs.rmSync(dir, { recursive: true, force: true });
      }
    }
    return {
      lines: [
        lineOf(`accepted commands at ${times} times the peak (target 0.8)`, '/s', kept, `peak, ${peakClients} clients`, peaks),
        lineOf('p99 of accepted commands then (target at most 5)', 'ms', slow, 'p99 of one client alone', quick),
        lineOf(`until it is itself again (target below ${recoveredWithinMs / 1_000} s)`, 'ms', recoveries),
      ],
    };
  },
};

async function start(dir: string): Promise<Target> {
  const secret = makeApiSecret(randomBytes(32));
  const { recipient } = await generateAgeIdentity();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'overload-control.ts'), dir, hashApiSecret(secret), recipient], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim()));
    child.once('close', () => reject(new Error('control did not start')));
  });
  return { url, secret, child };
}

/** A durable command that shares no row with another, so that the process is measured and not one account: the answer's status and time. */
function command({ url, secret }: Target, agent: http.Agent): Promise<{ status: number; ms: number }> {
  const startedMs = performance.now();
  const key = { name: 'bench', hash: hashApiSecret(makeApiSecret(randomBytes(32))), scopes: ['read'] };
  const body = JSON.stringify({ name: 'bench', key });
  const headers = {
    authorization: `Bearer ${secret}`,
    'content-type': 'application/json',
    'content-length': body.length,
    'idempotency-key': randomKey(),
  };
  return new Promise((resolve) => {
    const sent = http.request(`${url}/v1/accounts`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, ms: performance.now() - startedMs }));
    });
    sent.once('error', () => resolve({ status: 0, ms: performance.now() - startedMs }));
    sent.end(body);
  });
}

/** Opens every connection: what is measured is not how soon they are made. */
async function connect({ url }: Target, agent: http.Agent): Promise<void> {
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = http.get(`${url}/v1/network`, { agent }, (answer) => {
        answer.resume();
        answer.once('end', resolve);
      });
      sent.once('error', reject);
    });
  await Promise.all(Array.from({ length: connections }, one));
}

async function closedLoop(target: Target, agent: http.Agent, clients: number, forMs: number): Promise<Tally> {
  const untilMs = performance.now() + forMs;
  const found: { status: number; ms: number }[] = [];
  const client = async (): Promise<void> => {
    while (performance.now() < untilMs) found.push(await command(target, agent));
  };
  await Promise.all(Array.from({ length: clients }, client));
  return tallyOf(found, forMs);
}

/** Sends at that rate, whatever comes back; where all connections wait it cannot, and the rate that it reached is told. */
async function openLoop(target: Target, agent: http.Agent, perSecond: number, forMs: number): Promise<Tally> {
  const startedMs = performance.now();
  const found: { status: number; ms: number }[] = [];
  const waiting = new Set<Promise<unknown>>();
  let sent = 0;
  for (let nowMs = 0; nowMs < forMs; nowMs = performance.now() - startedMs) {
    const due = Math.floor((nowMs * perSecond) / 1_000);
    for (; sent < due && waiting.size < connections; sent++) {
      const asked = command(target, agent).then((each) => found.push(each));
      waiting.add(asked);
      void asked.then(() => waiting.delete(asked));
    }
    // Not setImmediate: a client that spins takes the processor from what it measures.
    await sleep(1);
  }
  const tally = tallyOf(found, forMs);
  await Promise.all(waiting);
  return tally;
}

/** How long after the load until ten requests in a row are answered no slower than twice the calm p99. */
async function recovery(target: Target, agent: http.Agent, calmMs: number): Promise<number> {
  const startedMs = performance.now();
  for (let inRow = 0; inRow < 10;) {
    const { status, ms } = await command(target, agent);
    inRow = status === 200 && ms <= calmMs * 2 ? inRow + 1 : 0;
    if (performance.now() - startedMs > recoveredWithinMs * 3) break;
    if (status !== 200) await sleep(20);
  }
  return Math.round(performance.now() - startedMs);
}

function tallyOf(found: readonly { status: number; ms: number }[], forMs: number): Tally {
  const accepted = found
    .filter(({ status }) => status === 200)
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b);
  const at = (part: number): number => accepted[Math.min(accepted.length - 1, Math.floor(accepted.length * part))] ?? Number.NaN;
  const perSecond = (count: number): number => (count * 1_000) / forMs;
  const shed = found.filter(({ status }) => status === 503).length;
  return {
    acceptedPerSecond: perSecond(accepted.length),
    offeredPerSecond: perSecond(found.length),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    shed,
  };
}

function randomKey(): string {
  return Buffer.from(randomBytes(9)).toString('hex');
}

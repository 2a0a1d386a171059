// Requests a second of the read that people's scripts repeat most, `balance.show`: through key, limits and store, beside bare Fastify answering
// the same bytes. Server and client are processes of their own; the client speaks HTTP over its sockets itself, to cost little.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { type Bench, lineOf } from './line.ts';

const clients = 16;
const warmMs = 1_000;
const measureMs = 3_000;

export const apiBench: Bench = {
  name: 'api',
  async run({ runs, say }) {
    const [ours, floor]: [number[], number[]] = [[], []];
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-api-'));
    const secret = makeApiSecret(randomBytes(32));
    const { recipient } = await generateAgeIdentity();
    const control = await server('overload-control.ts', dir, hashApiSecret(secret), recipient);
    const headers = { authorization: `Bearer ${secret}` };
    const bare = await server('api-bare.ts', await (await fetch(`${control.url}/v1/balance`, { headers })).text());
    try {
      for (const each of [control, bare]) await perSecond(each.url, secret, warmMs);
      for (let i = 0; i < runs; i++) {
        // Whoever goes first changes.
        if (i % 2 === 0) ours.push(await perSecond(control.url, secret, measureMs));
        floor.push(await perSecond(bare.url, secret, measureMs));
        if (i % 2 === 1) ours.push(await perSecond(control.url, secret, measureMs));
        say(`${i + 1}/${runs}: balance.show ${Math.round(ours[i] ?? 0)} /s, bare Fastify ${Math.round(floor[i] ?? 0)} /s`);
      }
    } finally {
      for (const { child } of [control, bare]) child.kill('SIGTERM');
      await Promise.all([control, bare].map(({ child }) => new Promise((resolve) => child.once('close', resolve))));
      fs.rmSync(dir, { recursive: true, force: true });
    }
    return { lines: [lineOf(`api, balance.show, ${clients} clients`, '/s', ours, 'bare Fastify, the same bytes', floor)] };
  },
};

async function server(file: string, ...words: string[]): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, file), ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (line: Buffer) => resolve(line.toString().trim()));
    child.once('close', () => reject(new Error(`${file} did not start`)));
  });
  return { url, child };
}

async function perSecond(url: string, secret: string, forMs: number): Promise<number> {
  const { hostname, port } = new URL(url);
  const asked = `GET /v1/balance HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${secret}\r\n\r\n`;
  const startedMs = performance.now();
  const counts = await Promise.all(Array.from({ length: clients }, () => client(Number(port), asked, startedMs + forMs)));
  return (counts.reduce((sum, count) => sum + count, 0) * 1_000) / (performance.now() - startedMs);
}

/** One request after the other on one connection, until the time is over. */
function client(port: number, asked: string, untilMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let [count, read] = [0, ''];
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(asked));
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      read += text;
      const head = read.indexOf('\r\n\r\n');
      const length = /content-length: ([0-9]+)/i.exec(read)?.[1];
      if (head < 0 || length === undefined || read.length < head + 4 + Number(length)) return;
      if (!read.startsWith('HTTP/1.1 200')) {
        socket.destroy(new Error(read));
        return;
      }
      [count, read] = [count + 1, ''];
      if (performance.now() < untilMs) socket.write(asked);
      else socket.end(() => resolve(count));
    });
    socket.once('error', reject);
  });
}

// Quotes over HTTP from a real control process over 100,000 invented devices: one client, one after the other.
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Bench } from './line.ts';
import { lineOf } from './line.ts';
import { askOverHttp } from './market/ask.ts';
import { chanceOf } from './market/fleet.ts';
import { demandOf, quantile } from './placement.ts';

const devices = 100_000;
const warmUp = 100;
const asked = 1_000;

export const quoteBench: Bench = {
  name: 'quote',
  async run({ runs, say }) {
    const market = path.join(import.meta.dirname, 'market.ts');
    const child = spawn(process.execPath, [market, '--devices', String(devices), '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const { url, key, readMs } = await new Promise<{ url: string; key: string; readMs: number }>((resolve, reject) => {
        child.stdout.once('data', (line: Buffer) => resolve(JSON.parse(line.toString()) as never));
        child.once('close', () => reject(new Error('the market did not start')));
      });
      say(`${devices} devices, read ${(readMs / 1_000).toFixed(1)} s after the start of control`);
      const draw = chanceOf(7);
      await askOverHttp(url, key, () => demandOf(draw), warmUp);
      const [p50, p99]: [number[], number[]] = [[], []];
      for (let i = 0; i < runs; i++) {
        const tookMs = await askOverHttp(url, key, () => demandOf(draw), asked);
        p50.push(quantile(tookMs, 0.5));
        p99.push(quantile(tookMs, 0.99));
        say(`${i + 1}/${runs}: ${asked} quotes, p50 ${p50.at(-1)?.toFixed(1)} ms, p99 ${p99.at(-1)?.toFixed(1)} ms`);
      }
      return {
        lines: [
          lineOf(`quote over HTTP, ${devices} devices, p50`, 'ms', p50),
          lineOf(`quote over HTTP, ${devices} devices, p99 (target below 20 ms)`, 'ms', p99),
        ],
      };
    } finally {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
    }
  },
};

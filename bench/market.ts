// Makes a market of invented devices, runs a real control over it, and prints how to ask it. With --show it asks by itself, and tells times.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { fillMarket, startMarket } from './market/control.ts';
import { askOverHttp } from './market/ask.ts';
import { fleetRegions } from './market/fleet.ts';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
  },
});
const devices = Number(values.devices);
if (!Number.isInteger(devices) || devices < 1 || devices > 2_000_000) {
  console.error('Usage: node_modules/.bin/node bench/market.ts [--devices 1..2000000] [--show] [--json]');
  process.exit(2);
}
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-market-'));
process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
const key = makeApiSecret(randomBytes(32));
const { recipient } = await generateAgeIdentity();
const say = (line: string): void => console.error(line);

say(`writing ${devices} device rows into ${dir}`);
const startedMs = performance.now();
await fillMarket(dir, devices, say);
say(`written in ${seconds(performance.now() - startedMs)}; starting control, which reads the market`);
const { control, readMs } = await startMarket(dir, { name: 'market', keyHash: hashApiSecret(key), recipient });
say(`control has read the market ${seconds(readMs)} after its start; resident memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
const stop = (): void => void control.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

const cli = path.join(import.meta.dirname, '../apps/iog/src/main.ts');
if (values.json) console.log(JSON.stringify({ url: control.url, key, readMs }));
else {
  console.log('Ask it, while this runs (Ctrl-C ends it and removes its rows):');
  console.log(`  IOG_URL=${control.url} IOG_KEY=${key} node_modules/.bin/node ${path.relative(process.cwd(), cli)} quote --nodes 8 --cores 8 --memory 32GB --gpu H100 --region ${fleetRegions[2] ?? ''} --for 1h`);
}
if (values.show) {
  await show();
  stop();
}

async function show(): Promise<void> {
  const common = ['--nodes', '8', '--cores', '8', '--memory', '32GB', '--for', '1h'];
  const asked = [
    [...common, '--gpu', 'H100', '--region', fleetRegions[2] ?? ''],
    [...common, '--gpu', 'H100', '--region', 'eu-nroth-1a'],
    [...common, '--gpu', 'H100:16', '--region', fleetRegions[2] ?? ''],
    [...common, '--gpu', 'H100', '--region', fleetRegions[2] ?? '', '--max-rate', '5'],
  ];
  const bareMs = (await command(['--version'])).tookMs;
  console.log(`\niog --version (start-up of the command alone): ${bareMs.toFixed(0)} ms`);
  for (const words of asked) {
    const { out, tookMs } = await command(['quote', ...words]);
    const demand = JSON.parse((await command(['quote', ...words, '--json'])).out) as { quote: { demand: object } | null };
    console.log(`\n$ iog quote ${words.join(' ')}\n${out}`);
    const times = demand.quote ? await askOverHttp(control.url, key, demand.quote.demand, 20) : [];
    const told = times.length > 0 ? `; the request alone, over HTTP: ${(times.toSorted((a, b) => a - b)[10] ?? 0).toFixed(1)} ms` : '';
    console.log(`whole command ${tookMs.toFixed(0)} ms, of which beyond start-up ${Math.max(0, tookMs - bareMs).toFixed(0)} ms${told}`);
  }
}

function command(words: readonly string[]): Promise<{ out: string; tookMs: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, [cli, ...words], { env: { ...process.env, IOG_URL: control.url, IOG_KEY: key }, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  return new Promise((resolve) => child.once('close', () => resolve({ out, tookMs: performance.now() - began })));
}

function seconds(tookMs: number): string {
  return `${(tookMs / 1_000).toFixed(1)} s`;
}

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
    dir: { type: 'string' },
    json: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
  },
});
const devices = Number(values.devices);
if (!Number.isInteger(devices) || devices < 1 || devices > 2_000_000) {
  console.error(
    'Usage: node_modules/.bin/node bench/market.ts [--devices 1..2000000] [--dir <folder that is kept and used again>] [--show] [--json]',
  );
  process.exit(2);
}
const dir = values.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'iog-market-'));
if (values.dir === undefined) process.once('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
const say = (line: string): void => console.error(line);
const keyFile = path.join(dir, 'market.key');
if (!fs.existsSync(keyFile)) {
  fs.mkdirSync(dir, { recursive: true });
  say(`writing ${devices} device rows into ${dir}`);
  const startedMs = performance.now();
  await fillMarket(dir, devices, say);
  fs.writeFileSync(keyFile, makeApiSecret(randomBytes(32)), { mode: 0o600 });
  say(`written in ${seconds(performance.now() - startedMs)}`);
}
const key = fs.readFileSync(keyFile, 'utf8');
const { recipient } = await generateAgeIdentity();
say('starting control, which reads the market');
const { control, readMs } = await startMarket(dir, { name: 'market', keyHash: hashApiSecret(key), recipient });
say(
  `control has read the market ${seconds(readMs)} after its start; resident memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
);
const stop = (): void => void control.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

const cli = path.join(import.meta.dirname, '../apps/iog/src/main.ts');
if (values.json) console.log(JSON.stringify({ url: control.url, key, readMs }));
else {
  console.log('Ask it, while this runs (Ctrl-C ends it and removes its rows):');
  console.log(
    `  IOG_URL=${control.url} IOG_KEY=${key} node_modules/.bin/node ${path.relative(process.cwd(), cli)} quote --nodes 8 --cores 8 --memory 32GB --gpu H100 --region ${fleetRegions[2] ?? ''} --for 1h`,
  );
}
if (values.show) {
  await show();
  stop();
}

async function show(): Promise<void> {
  const region = fleetRegions[2] ?? '';
  const least = { nodes: 8, coresPerNode: 8, memoryBytesPerNode: 32_000_000_000, durationMs: 3_600_000 };
  const common = ['--nodes', '8', '--cores', '8', '--memory', '32GB', '--for', '1h', '--gpu', 'H100'];
  const asked = [
    { words: ['--region', region], demand: { ...least, gpu: { model: 'H100', count: 1 }, region } },
    { words: ['--region', 'eu-nroth-1a'], demand: { ...least, gpu: { model: 'H100', count: 1 }, region: 'eu-nroth-1a' } },
    { words: ['--region', region, '--gpus', '16'], demand: { ...least, gpu: { model: 'H100', count: 16 }, region } },
    {
      words: ['--region', region, '--max-rate', '5'],
      demand: { ...least, gpu: { model: 'H100', count: 1 }, region, maxMicroPerHour: '5000000' },
    },
  ];
  await command(['help']);
  const bareMs = (await command(['help'])).tookMs;
  console.log(`\niog help (start-up of the command alone): ${bareMs.toFixed(0)} ms`);
  for (const { words, demand } of asked) {
    const { out, tookMs } = await command(['quote', ...common, ...words]);
    const times = [...(await askOverHttp(control.url, key, demand, 50))].toSorted((a, b) => a - b);
    console.log(`\n$ iog quote ${[...common, ...words].join(' ')}\n${out}`);
    console.log(
      `in control and over HTTP: median ${(times[25] ?? 0).toFixed(1)} ms, slowest of 50 ${(times[49] ?? 0).toFixed(1)} ms; ` +
        `the whole command: ${tookMs.toFixed(0)} ms, ${Math.max(0, tookMs - bareMs).toFixed(0)} ms more than its start-up`,
    );
  }
}

function command(words: readonly string[]): Promise<{ out: string; tookMs: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, [cli, ...words], {
    env: { ...process.env, IOG_URL: control.url, IOG_KEY: key },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  return new Promise((resolve) => child.once('close', () => resolve({ out, tookMs: performance.now() - began })));
}

function seconds(tookMs: number): string {
  return `${(tookMs / 1_000).toFixed(1)} s`;
}

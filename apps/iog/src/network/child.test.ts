// A supervised child, with the real command: a start that fails says why.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { iogClient } from '@iog/client';
import { ChildFailure, superviseChild } from './child.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'iog-child-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function control(port: number) {
  const words = ['control', '--supervised', '--dir', path.join(dir, `control-${port}`), '--port', String(port)];
  return superviseChild({
    name: 'control',
    words: (greeted) => (greeted === undefined ? words : [...words.slice(0, -1), new URL(String(greeted['url'])).port]),
    logFile: path.join(dir, 'log'),
    env: process.env,
    say: () => undefined,
  });
}

test('control greets with its address, and is gone after stop', async () => {
  const child = control(0);
  const { url } = await child.start();
  assert.match(String(url), /^http:\/\/127\.0\.0\.1:\d+$/);
  await child.stop(10_000);
  const left = createServer();
  await new Promise<void>((resolve, reject) => left.once('error', reject).listen(Number(new URL(String(url)).port), '127.0.0.1', resolve));
  left.close();
});

test('killed, it comes back under the same address', async () => {
  const child = control(0);
  const { url } = await child.start();
  const first = child.pid() ?? 0;
  process.kill(first, 'SIGKILL');
  const client = iogClient({ url: String(url), patienceMs: 20_000 });
  const { publicKey } = await client.call('network.show', {});
  assert.match(publicKey, /^[A-Za-z0-9_-]{43}$/);
  assert.notEqual(child.pid(), first);
  client.close();
  await child.stop(10_000);
});

test('a supervisor that is killed takes its control with it', async () => {
  const code = `
    const { superviseChild } = await import(${JSON.stringify(path.join(import.meta.dirname, 'child.ts'))});
    const words = ['control', '--supervised', '--dir', ${JSON.stringify(path.join(dir, 'orphan'))}];
    const child = superviseChild({ name: 'control', words: () => words, logFile: ${JSON.stringify(path.join(dir, 'log'))}, env: process.env, say() {} });
    await child.start();
    console.log(child.pid());`;
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
  const orphan = Number(line.toString());
  supervisor.kill('SIGKILL');
  for (let left = 200; isAlive(orphan); left--) {
    assert.ok(left > 0, 'control outlives its supervisor');
    await sleep(50);
  }
});

test('a port that is taken is told by its code', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const child = control((taken.address() as AddressInfo).port);
  await assert.rejects(child.start(), (error) => error instanceof ChildFailure && error.code === 'EADDRINUSE');
  taken.close();
});

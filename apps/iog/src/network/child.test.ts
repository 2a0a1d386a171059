// A supervised child, with the real command: a start that fails says why.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ChildFailure, superviseChild } from './child.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'iog-child-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function control(port: number) {
  const words = ['control', '--supervised', '--dir', path.join(dir, `control-${port}`), '--port', String(port)];
  return superviseChild({ name: 'control', words: () => words, logFile: path.join(dir, 'log'), env: process.env, say: () => undefined });
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

test('a port that is taken is told by its code', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const child = control((taken.address() as AddressInfo).port);
  await assert.rejects(child.start(), (error) => error instanceof ChildFailure && error.code === 'EADDRINUSE');
  taken.close();
});

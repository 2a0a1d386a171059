// A network as it is operated, with real processes: backed up under load, restored, checked, told to end, and one id followed into a worker's log.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';

const main = path.join(import.meta.dirname, '../apps/iog/src/main.ts');
const secret = makeApiSecret(randomBytes(32));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function iog(...words: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}

async function control(dir: string): Promise<{ url: string; child: ChildProcess; log: () => string }> {
  const { recipient } = await generateAgeIdentity();
  const first = ['--first-account', 'first', '--first-key-hash', hashApiSecret(secret), '--first-recipient', recipient];
  const child = spawn(process.execPath, [main, 'control', '--json', '--dir', dir, ...first], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const greeted = once(child.stdout, 'data').then(([line]) => JSON.parse(String(line)) as { url: string });
  const { url } = await Promise.race([greeted, once(child, 'close').then(() => Promise.reject(new Error(log)))]);
  return { url, child, log: () => log };
}

async function ended(child: ChildProcess): Promise<number | null> {
  const closed = once(child, 'close') as Promise<[number | null]>;
  child.kill('SIGTERM');
  return (await closed)[0];
}

function ask(url: string, method: string, route: string, body?: object): Promise<Response> {
  const headers = {
    authorization: `Bearer ${secret}`,
    'content-type': 'application/json',
    'idempotency-key': Buffer.from(randomBytes(9)).toString('hex'),
  };
  return fetch(url + route, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** Makes accounts, four at once, until told; the ids that were acknowledged, in order. */
function load(url: string): { readonly made: string[]; end(): Promise<void> } {
  const made: string[] = [];
  let going = true;
  const writer = async (): Promise<void> => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- `end` sets it
    while (going) {
      const key = { name: 'k', hash: hashApiSecret(makeApiSecret(randomBytes(32))), scopes: ['read'] };
      try {
        const sent = await ask(url, 'POST', '/v1/accounts', { name: 'loaded', key });
        if (sent.ok) made.push(((await sent.json()) as { account: { id: string } }).account.id);
        else await sent.text();
      } catch {
        return;
      }
    }
  };
  const writers = Array.from({ length: 4 }, writer);
  return {
    made,
    async end() {
      going = false;
      await Promise.all(writers);
    },
  };
}

async function until(what: string, is: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!is()) {
    assert.ok(Date.now() < limit, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('backed up under load and restored, nothing that was acknowledged before is missing; a SIGTERM loses nothing', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-operating-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const [live, backup, again] = [path.join(dir, 'live'), path.join(dir, 'backup'), path.join(dir, 'again')];
  const running = await control(live);
  t.after(() => running.child.kill('SIGKILL'));
  const loading = load(running.url);
  await until('some accounts', () => loading.made.length > 30);
  const before = [...loading.made];
  const made = await iog('backup', backup, '--dir', live, '--json');
  assert.equal(made.code, 0, made.err);
  const live2 = await iog('store', 'check', '--dir', live, '--json');
  assert.equal(live2.code, 0, live2.err);
  assert.match(live2.out, /"everyEntryIsBalanced"/);

  // Told to end while accounts are made: what was acknowledged is there after.
  assert.equal(await ended(running.child), 0);
  await loading.end();
  assert.ok(loading.made.length > before.length, 'the load went on while the backup was made');
  assert.match(running.log(), /"event":"stop.begun".*"event":"stop.done"/s);
  assert.deepEqual(await missing(live, loading.made), []);

  assert.equal((await iog('restore', '--check', backup)).code, 0);
  const restored = await iog('restore', backup, '--dir', again);
  assert.equal(restored.code, 0, restored.err);
  assert.equal((await iog('restore', backup, '--dir', again)).code, 1, 'nothing is restored over something');
  assert.equal((await iog('store', 'check', '--dir', again)).code, 0);
  assert.deepEqual(await missing(again, before), []);
  const second = await control(again);
  t.after(() => second.child.kill('SIGKILL'));
  assert.equal((await ask(second.url, 'GET', '/v1/account')).status, 200);
  assert.equal((await fetch(`${second.url}/readyz`)).status, 200);
  assert.equal(await ended(second.child), 0);
});

async function missing(dir: string, accounts: readonly string[]): Promise<string[]> {
  const { readRows } = await import('@iog/control');
  const there = new Set(
    (await readRows({ kind: 'sqlite', path: path.join(dir, 'control.sqlite') }, ['account'])).map(({ id }) => id as string),
  );
  return accounts.filter((id) => !there.has(id));
}

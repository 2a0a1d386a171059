// A supplier's way against a real control: a machine joins, is approved, priced and placed; its worker runs, and ends for good when it is removed.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashApiSecret } from '@iog/seal';
import { hostCores } from '@iog/worker';
import { cli } from '../cli.ts';
import { environment } from '../environment.ts';
import { superviseChild, type Child } from '../network/child.ts';
import { newProfile, writeProfile } from '../profile.ts';
import { terminal } from '../terminal/terminal.ts';
import { commands } from './table.ts';

const home = mkdtempSync(path.join(tmpdir(), 'iog-supplier-'));
const core = String(hostCores()[0]);
let control: Child;
let url = '';

before(async () => {
  const profile = await newProfile('');
  const account = ['--first-account', 'owner', '--first-key-hash', hashApiSecret(profile.key), '--first-recipient', profile.ageRecipient];
  const words = ['control', '--supervised', '--dir', path.join(home, 'control'), ...account];
  control = supervise('control', words, () => undefined);
  const greeting = await control.start();
  url = String(greeting['url']);
  writeProfile(home, { ...profile, url, network: String(greeting['publicKey']) });
});
after(async () => {
  await control.stop(10_000);
  rmSync(home, { recursive: true, force: true });
});

function supervise(name: string, words: readonly string[], say: (line: string) => void): Child {
  return superviseChild({ name, words: () => words, logFile: path.join(home, 'log'), env: process.env, say });
}

/** A command that runs; `said` is what it has told so far. */
function begin(words: string): { readonly said: () => string; readonly ended: Promise<{ code: number; out: string; err: string }> } {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const texts = { out: '', err: '' };
  out.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  err.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  const where = environment({ IOG_HOME: home });
  const ended = cli(words.split(' '), { commands, environment: () => where, terminal: (json) => terminal(json, out, err) });
  return { said: () => texts.err, ended: ended.then((code) => sleep(5).then(() => ({ code, ...texts }))) };
}
const run = (words: string) => begin(words).ended;

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const limit = Date.now() + 20_000; Date.now() < limit; await sleep(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}

async function join(dir: string, more = '') {
  const joining = begin(`worker join --dir ${dir} --cores ${core} --memory 1GB --name attic${more}`);
  const code = await until('a code', () => /^code (\S+)$/m.exec(joining.said())?.[1]);
  return { code, ended: joining.ended };
}

async function enrol(dir: string, more = ''): Promise<string> {
  const { code, ended } = await join(dir, more);
  const approved = await run(`device approve ${code} --region home --json`);
  assert.equal(approved.code, 0, approved.err);
  assert.ok((await ended).out.includes(`Run it: iog worker run --dir ${dir}`));
  return String(JSON.parse(approved.out).id);
}

const connected = (device: string) =>
  until('its session', async () => (JSON.parse((await run(`device show ${device} --json`)).out).connected === true ? true : undefined));

test('what the host has not is refused, before any code is made', async () => {
  const dir = path.join(home, 'refused');
  const cores = await run(`worker join --dir ${dir} --cores 0-4000`);
  assert.equal(cores.code, 2);
  assert.match(cores.err, /that this host lacks: it has \d+ cores? \(/);
  const memory = await run(`worker join --dir ${dir} --memory 900000GB`);
  assert.equal(memory.code, 2);
  assert.match(memory.err, /--memory is .*; this host has /);
  assert.doesNotMatch(cores.err + memory.err, /^code /m);
});

test('a code is approved once; region and prices change later, and only as somebody says', async () => {
  const dir = path.join(home, 'one');
  const first = await join(dir);
  const early = await run(`worker run --dir ${dir}`);
  assert.equal(early.code, 1);
  assert.match(early.err, /^error: The device in .* waits for its approval\.\nnext: .*`iog worker join --dir .*` shows the code/);
  const device = String(JSON.parse((await run(`device approve ${first.code} --json`)).out).id);
  await first.ended;
  const joined = await run(`worker join --dir ${dir} --memory 2GB`);
  assert.match(joined.out, new RegExp(device));
  assert.match(joined.err, /holds a device already/);
  const again = await run(`device approve ${first.code} --region eu-west`);
  assert.equal(again.code, 1);
  assert.match(again.err, new RegExp(`approved already: it is the device ${device}`));
  assert.equal((await run(`device region ${device} eu/west`)).code, 2);
  assert.match((await run(`device region ${device} eu-west`)).out, /region +eu-west/);
  const nothing = await run(`device price ${device}`);
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /needs a price: --core, --memory or --gpu/);
  const absurd = await run(`device price ${device} --core 1000001`);
  assert.equal(absurd.code, 1);
  assert.match(absurd.err, /a price is above 1000000\.00/);
  assert.match((await run(`device price ${device} --core 0.5`)).out, /core price +0\.50 an hour/);

  const twice = await join(path.join(home, 'twice'));
  const refused = await run(`device approve ${twice.code}`);
  assert.equal(refused.code, 1);
  assert.match(refused.err, new RegExp(`${device} \\(attic\\).* offers the cores ${core} already`));
  assert.match(refused.err, /--share-cores/);
  assert.equal((await run(`device remove ${device}`)).code, 0);
  assert.equal((await run(`device approve ${twice.code}`)).code, 0);
  await twice.ended;
});

test('a token lets a machine in without a person, and the machine is told what it offers', async () => {
  assert.match((await run('device tokens')).out, /No join tokens\. Make one/);
  const file = path.join(home, 'rack.token');
  assert.equal((await run(`device tokens create --file ${file}`)).code, 0);
  const joined = await run(`worker join --dir ${path.join(home, 'rack')} --cores ${core} --memory 1GB --share-cores --token-file ${file}`);
  assert.equal(joined.code, 0, joined.err);
  assert.match(joined.err, /^offers 1 core .*1\.0 GB/);
  assert.doesNotMatch(joined.err, /already/);
});

test('the worker of a removed device says so once and ends; its folder may join anew', async () => {
  const dir = path.join(home, 'gone');
  const device = await enrol(dir, ' --share-cores');
  const worker = begin(`worker run --dir ${dir}`);
  await connected(device);
  const other = await run(`worker run --dir ${dir}`);
  assert.equal(other.code, 1);
  assert.match(other.err, new RegExp(`run by another worker already, process ${process.pid}`));
  assert.equal((await run(`device remove ${device}`)).code, 0);
  for (const { code, err } of [await worker.ended, await run(`worker run --dir ${dir}`)]) {
    assert.equal(code, 1);
    assert.match(err, /^error: This device was removed from the network\.\nnext: Enrol it anew: `iog worker join --dir /m);
  }
  assert.notEqual(await enrol(dir, ' --share-cores'), device);
});

test('a supervisor does not start the worker of a removed device again', async () => {
  const dir = path.join(home, 'supervised');
  const device = await enrol(dir, ' --share-cores');
  const lines: string[] = [];
  const worker = supervise('worker', ['worker', 'run', '--supervised', '--dir', dir, '--url', url], (line) => lines.push(line));
  await worker.start();
  await connected(device);
  await run(`device remove ${device}`);
  await until('the end', () => lines[0]);
  assert.deepEqual(lines, ['worker ended for good: This device was removed from the network.']);
  assert.equal(worker.pid(), undefined);
  await worker.stop(1_000);
});

test('a worker whose device runs elsewhere too leaves it the session, and says why', async () => {
  const [dir, copy] = [path.join(home, 'here'), path.join(home, 'there')];
  const device = await enrol(dir, ' --share-cores');
  cpSync(dir, copy, { recursive: true });
  const workers = [dir, copy].map((folder) =>
    supervise(folder, ['worker', 'run', '--supervised', '--dir', folder, '--url', url], () => undefined),
  );
  const reasons = () =>
    readFileSync(path.join(home, 'log'), 'utf8').split('another worker of this device took the session over').length - 1;
  await workers[0]?.start();
  await connected(device);
  await workers[1]?.start();
  await until('the reason', () => (reasons() > 0 ? true : undefined));
  assert.equal(reasons(), 1);
  assert.equal(JSON.parse((await run(`device show ${device} --json`)).out).epoch, 2);
  await Promise.all(workers.map((worker) => worker.stop(10_000)));
});

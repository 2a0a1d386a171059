// The nouns against a real control process: what people type, and what comes back, in text and as JSON.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { hashApiSecret } from '@iog/seal';
import { cli } from '../cli.ts';
import { environment } from '../environment.ts';
import { superviseChild, type Child } from '../network/child.ts';
import { newProfile, writeProfile } from '../profile.ts';
import { terminal } from '../terminal/terminal.ts';
import { commands } from './table.ts';

const home = mkdtempSync(path.join(tmpdir(), 'iog-nouns-'));
let control: Child;
let url = '';

before(async () => {
  const profile = await newProfile('');
  const account = ['--first-account', 'owner', '--first-key-hash', hashApiSecret(profile.key), '--first-recipient', profile.ageRecipient];
  const words = ['control', '--supervised', '--dir', path.join(home, 'control'), ...account];
  control = superviseChild({
    name: 'control',
    words: () => words,
    logFile: path.join(home, 'log'),
    env: process.env,
    say: () => undefined,
  });
  const greeting = await control.start();
  url = String(greeting['url']);
  writeProfile(home, { ...profile, url, network: String(greeting['publicKey']) });
});
after(async () => {
  await control.stop(10_000);
  rmSync(home, { recursive: true, force: true });
});

async function run(words: string, env: Readonly<Record<string, string>> = {}): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const where = environment({ IOG_HOME: home, ...env });
  const code = await cli(words.split(' '), { commands, environment: () => where, terminal: (json) => terminal(json, out, err) });
  return { code, out: said(out), err: said(err) };
}

function said(stream: PassThrough): string {
  let text = '';
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) text += (chunk as Buffer).toString();
  return text;
}

test('the first account has its money from the faucet', async () => {
  assert.match((await run('account show')).out, /name +owner/);
  assert.deepEqual((await run('faucet --amount 5')).code, 0);
  assert.match((await run('faucet --amount 200')).err, /^error: The faucet gives at most 100\.00 TUSD to an account\./);
  assert.equal(JSON.parse((await run('balance --json')).out).availableMicro, '5000000');
  assert.match((await run('entries')).out, /faucet/);
  assert.match((await run('entries --csv -')).out, /^id,at,kind,subject,account,amount,currency\r\nent_.*,faucet,.*,-[0-9.]+,TUSD\r\n/);
  assert.deepEqual(JSON.parse((await run('entries --kind refund --json')).out), []);
  const month = new Date().toISOString().slice(0, 7);
  assert.match((await run(`statement ${month}`)).out, /so far[^]*opening[^]*faucet +1 [^]*closing/);
  assert.match((await run(`statement ${month} --csv -`)).out, /closing,,5\.00,0\.00,0\.00,TUSD\r\n$/);
  assert.equal((await run('statement november')).code, 2);
});

test('a key is shown once, works with its scope, and is gone when revoked', async () => {
  const made = JSON.parse((await run('key create --name ci --scope read --expires 1h --json')).out);
  const env = { IOG_KEY: made.secret };
  assert.deepEqual((await run('balance', env)).err, '');
  const refused = await run('faucet --amount 1', env);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^error: .*lacks the scope rent/);
  const listed = (await run('key list')).out;
  assert.ok(listed.includes(made.id) && !listed.includes(made.secret));
  assert.equal((await run(`key revoke ${made.id}`)).err, '');
  assert.equal((await run('balance', env)).code, 1);
});

test('another account sees nothing of the first', async () => {
  const bob = path.join(home, 'bob');
  assert.equal((await run(`account create bob --home ${bob}`)).code, 0);
  const env = { IOG_HOME: bob };
  assert.match((await run('account show', env)).out, /name +bob/);
  assert.equal(JSON.parse((await run('balance --json', env)).out).availableMicro, '0');
  assert.deepEqual(JSON.parse((await run('entries --json', env)).out), []);
  assert.equal((await run('entries', env)).out, 'No entries.\n');
});

test("another account's first key rules that account, and only that one", async () => {
  const env = { IOG_HOME: path.join(home, 'bob') };
  const made = JSON.parse((await run('key create --scope read --scope admin --json', env)).out);
  assert.equal((await run(`key revoke ${made.id}`, env)).err, '');
  const refused = await run('account create carol', env);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^error: .*lacks the scope operate/);
  assert.match((await run('key create --scope operate', env)).err, /lacks the scope operate/);
});

test('nothing is on offer, and it is said what emptied the quote', async () => {
  assert.match((await run('offers')).out, /Nothing is on offer/);
  const { code, out } = await run('quote --nodes 2');
  assert.equal(code, 1);
  assert.match(out, /Nothing on offer fits/);
  assert.match(out, /Not looked at: .*the rate \(--max-rate\), the number of nodes, the cap \(--cap\)\./);
  const created = await run('cluster create');
  assert.equal(created.code, 1);
  assert.match(created.err, /error: Nothing on offer fits/);
  // The tests run in IOG's own folder, as `npm run iog` does: it is no job's.
  const ran = await run('run -- true');
  assert.equal(ran.code, 1);
  assert.match(ran.err, /no files are sent\. Name the job's folder with --dir\.[^]*error: Nothing on offer fits/);
});

test('empty lists say how to begin, and what is not there is refused', async () => {
  assert.match((await run('device list')).out, /worker join/);
  assert.match((await run('cluster list')).out, /Rent one/);
  const id = 'clu_00000000000000000000000000';
  for (const words of [`cluster show ${id}`, `receipt ${id}`, `job list ${id}`, `ray ${id}`, `cluster watch ${id}`]) {
    const { code, err } = await run(words);
    assert.equal(code, 1, words);
    assert.match(err, /error: There is no cluster/, words);
    assert.match(err, /next: See what there is: `iog cluster list`\./, words);
  }
  assert.match((await run('job show job_00000000000000000000000000')).err, /next: .*`iog job list <cluster>`/);
  assert.equal((await run('device approve ABCD-EFGH')).code, 1);
});

test('what was done is in the activity log', async () => {
  const { out } = await run('activity');
  assert.match(out, /faucet\.draw/);
  assert.match(out, /key\.create/);
});

test('the price book, prices over time and sums of the market', async () => {
  assert.match((await run('prices show')).out, /No price book is set/);
  assert.equal((await run('prices set --core 0.07')).code, 2);
  assert.match((await run('prices set --core 0.07 --memory 0.006')).out, /core +0\.07 an hour/);
  assert.match((await run('prices set --gpu default=1.50')).out, /core +0\.07[^]*gpu default +1\.50/);
  assert.match((await run('prices history')).out, /No prices of core are known/);
  assert.deepEqual(JSON.parse((await run('offers --by-class --json')).out), []);
  assert.match((await run('offers --region eu')).err, /--by-class/);
});

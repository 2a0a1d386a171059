// Logging in to a real control behind real TLS: what is checked, what is kept where, what is never shown, and how a team comes in by it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { iogClient, openTunnel, tunnelUrl } from '@iog/client';
import { hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { cli } from '../cli.ts';
import { environment } from '../environment.ts';
import { superviseChild, type Child } from '../network/child.ts';
import { newProfile, writeProfile } from '../profile.ts';
import { terminal } from '../terminal/terminal.ts';
import { type TlsFront, tlsFront } from '../test/tls-front.ts';
import { joiningKey } from './joining-key.ts';
import { commands } from './table.ts';

const base = mkdtempSync(path.join(tmpdir(), 'iog-login-'));
const [owner, home] = [path.join(base, 'owner'), path.join(base, 'home')];
const secret = makeApiSecret(randomBytes(32));
const keyFile = path.join(base, 'key');
let control: Child;
let front: TlsFront;
let url = '';

before(async () => {
  const profile = { ...(await newProfile('')), key: secret };
  const account = ['--first-account', 'lab', '--first-key-hash', hashApiSecret(secret), '--first-recipient', profile.ageRecipient];
  const words = ['control', '--supervised', '--behind-proxy', '--dir', path.join(base, 'control'), ...account];
  control = superviseChild({
    name: 'control',
    words: () => words,
    logFile: path.join(base, 'log'),
    env: process.env,
    say: () => undefined,
  });
  const greeting = await control.start();
  front = await tlsFront(base, String(greeting['url']));
  url = `https://127.0.0.1:${front.port}`;
  writeProfile(owner, { ...profile, url: String(greeting['url']), network: String(greeting['publicKey']) });
  writeFileSync(keyFile, `${secret}\n`);
});
after(async () => {
  front.close();
  await control.stop(10_000);
  rmSync(base, { recursive: true, force: true });
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

const asOwner = { IOG_HOME: owner };
const profileIn = (name: string): string => path.join(home, 'profiles', `${name}.json`);

test('no key goes where it could be read on the way, or to who does not prove to be the network', async () => {
  const plain = await run(`login http://iog.example.com --key-file ${keyFile}`);
  assert.equal(plain.code, 1);
  assert.match(plain.err, /^error: http:\/\/iog\.example\.com is not on this machine and has no TLS/);
  for (const wrong of ['ftp://x', 'nonsense', 'https://u:p@x', 'https://x/?a=b'])
    assert.match((await run(`login ${wrong}`)).err, /address/, wrong);
  const stranger = await run(`login ${url} --key-file ${keyFile}`);
  assert.equal(stranger.code, 1);
  assert.match(stranger.err, /does not prove to be it: (self-signed|unable to verify)/);
  assert.match(stranger.err, /--ca <file>/);
  const elsewhere = await run(`login https://localhost:${front.port} --ca ${front.ca} --key-file ${keyFile}`);
  assert.match(elsewhere.err, /does not prove to be it: .*(altnames|not in the cert)/);
  assert.match((await run(`login ${url} --ca ${keyFile}`)).err, /holds no certificate/);
  assert.equal(existsSync(home), false);
  const sent = await run('balance', { IOG_URL: 'http://iog.example.com', IOG_KEY: secret });
  assert.match(sent.err, /no key is sent there/);
});

test('with the authority of the network it logs in, keeps what it needs, and shows no secret', async () => {
  const done = await run(`login ${url} --ca ${front.ca} --key-file ${keyFile} --profile lan`);
  assert.equal(done.code, 0, done.err);
  assert.match(done.err, /laptop at https:\/\/127\.0\.0\.1:\d+: policy laptop \([0-9a-f]{12}…\), money in TUSD\./);
  assert.match(done.out, /account +lab \(acc_/);
  assert.match(done.out, /may +read, rent, supply, admin, operate/);
  assert.ok(!`${done.out}${done.err}`.includes(secret));
  if (process.platform !== 'win32') assert.equal(statSync(profileIn('lan')).mode & 0o777, 0o600);
  const who = JSON.parse((await run('whoami --profile lan --json')).out);
  assert.deepEqual([who.member.role, who.url], ['owner', url]);
  assert.match((await run('account show', { IOG_PROFILE: 'lan' })).out, /name +lab/);
  assert.match((await run('whoami')).err, /No network is known here/);
  assert.match((await run('whoami --profile lna')).err, /has no profile "lna"[^]*There are: lan/);
  assert.match((await run('whoami --profile ../x')).err, /not a name for a profile/);

  const first = JSON.parse(readFileSync(profileIn('lan'), 'utf8'));
  const again = await run(`login ${url} --ca ${front.ca} --key-file ${keyFile} --profile lan`);
  assert.match(again.err, /its identity is kept/);
  assert.deepEqual(JSON.parse(readFileSync(profileIn('lan'), 'utf8')), first);
  writeProfile(home, { ...first, network: 'A'.repeat(43), url: 'https://other.example' }, 'other');
  assert.match((await run(`login ${url} --ca ${front.ca} --key-file ${keyFile} --profile other`)).err, /is of another network/);
});

test('tunnels trust the same authorities', async () => {
  for (const [ca, status] of [
    [readFileSync(front.ca, 'utf8'), 403],
    [undefined, 0],
  ] as const) {
    const client = iogClient({ url, key: secret, ...(ca === undefined ? {} : { ca }) });
    const tunnel = openTunnel({ url: tunnelUrl(url), headers: client.authorization(), ca: client.authorities() });
    const lease = `lea_${'0'.repeat(26)}`;
    await assert.rejects(tunnel.connect({ lease, target: 'dashboard', key: new Uint8Array(32) }), { status });
    tunnel.close();
    client.close();
  }
});

test('by an invitation somebody joins with a key of their own, is steered, and is out when removed', async () => {
  const file = path.join(base, 'bob.invitation');
  const invited = JSON.parse((await run(`invitation create --role viewer --expires 1h --out ${file} --json`, asOwner)).out);
  assert.deepEqual([invited.state, invited.file, 'secret' in invited], ['open', file, false]);
  const joined = JSON.parse((await run(`login ${url} --ca ${front.ca} --invitation-file ${file} --name bob --profile bob --json`)).out);
  assert.deepEqual([joined.member.name, joined.member.role, joined.account.name], ['bob', 'viewer', 'lab']);
  const late = await run(`login ${url} --ca ${front.ca} --invitation-file ${file} --profile eve`);
  assert.match(late.err, /The invitation is over: it was used\./);
  assert.equal(existsSync(profileIn('eve')), false);
  assert.match((await run('invitation list', asOwner)).out, new RegExp(`used .* ${joined.member.id}`));

  assert.match((await run('faucet --amount 1 --profile bob')).err, /lacks the scope rent/);
  assert.equal((await run(`member role ${joined.member.id} member`, asOwner)).code, 0);
  assert.equal((await run('faucet --amount 1 --profile bob')).code, 0);
  assert.match(
    (await run('invitation create --profile bob')).err,
    /Only an owner of the account may do this, and this key belongs to a member\./,
  );
  assert.match((await run('member list --profile bob')).out, /lab +owner[^]*bob +member/);
  assert.equal((await run(`member remove ${joined.member.id}`, asOwner)).code, 0);
  assert.match((await run('whoami --profile bob')).err, /This API key was revoked/);
  assert.match((await run(`member role ${joined.member.id} boss`, asOwner)).err, /There is no role "boss"/);
  const revoked = JSON.parse((await run('invitation create --json', asOwner)).out);
  assert.match((await run(`invitation revoke ${revoked.id}`, asOwner)).out, /is revoked/);
});

test('an invitation whose answer was lost lets the same person in when they ask again', async () => {
  const file = path.join(base, 'carol.invitation');
  assert.equal((await run(`invitation create --expires 1h --out ${file}`, asOwner)).code, 0);
  const invitation = readFileSync(file, 'utf8').trim();
  const { key } = joiningKey({ home, profile: 'carol' }, invitation);
  const client = iogClient({ url, ca: readFileSync(front.ca, 'utf8') });
  const lost = { secret: invitation, name: 'carol', key: { name: 'login', hash: hashApiSecret(key) } };
  const { member } = await client.call('invitation.accept', { body: lost });
  client.close();
  const joined = JSON.parse((await run(`login ${url} --ca ${front.ca} --invitation-file ${file} --profile carol --json`)).out);
  assert.equal(joined.member.id, member.id);
  assert.equal(JSON.parse(readFileSync(profileIn('carol'), 'utf8')).key, key);
  assert.deepEqual([existsSync(`${profileIn('carol')}.joining`), existsSync(`${profileIn('eve')}.joining`)], [false, false]);
});

test('logging out forgets the profile, and ends the key if told to', async () => {
  const made = JSON.parse((await run('key create --scope read,admin --spend-cap 2.50 --expires 1h --json', asOwner)).out);
  assert.deepEqual([made.scopes, made.spendCapMicro, made.spentMicro], [['read', 'admin'], '2500000', '0']);
  writeFileSync(path.join(base, 'second'), made.secret);
  assert.equal((await run(`login ${url} --ca ${front.ca} --key-file ${path.join(base, 'second')} --profile second`)).code, 0);
  const out = JSON.parse((await run('logout --revoke --profile second --json')).out);
  assert.equal(out.revoked, made.id);
  assert.equal(existsSync(profileIn('second')), false);
  assert.match((await run('logout --profile second')).err, /has no profile "second"/);
  assert.match((await run('balance', { IOG_URL: url, IOG_KEY: made.secret })).err, /does not prove to be it/);
});

/** The real command, its stdin a pipe, or with `typed` a terminal. Everything that it says. */
function real(words: readonly string[], input: string, typed: boolean): Promise<{ code: number | null; said: string }> {
  const main = path.join(import.meta.dirname, '../main.ts');
  const command = [process.execPath, main, ...words];
  const child = typed
    ? spawn('python3', ['-c', inTerminal, input, ...command], { env: env() })
    : spawn(command[0] ?? '', command.slice(1), { env: env() });
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (shown += chunk.toString()));
  if (!typed) child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said: shown }));
  });
}
const env = () => ({ ...process.env, IOG_HOME: home });
/** Types its first argument once something is asked, and passes on what the terminal shows. */
const inTerminal = `
import os, pty, sys, time
pid, master = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
shown = b''
typed = False
while True:
    try: part = os.read(master, 65536)
    except OSError: break
    if not part: break
    shown += part
    if not typed and b'not shown' in shown:
        time.sleep(0.2); os.write(master, sys.argv[1].encode()); typed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
`;

test('the key comes through stdin, or is typed unseen', async () => {
  const words = ['login', url, '--ca', front.ca];
  const piped = await real([...words, '--profile', 'piped'], `${secret}\n`, false);
  assert.equal(piped.code, 0, piped.said);
  const typed = await real([...words, '--profile', 'typed'], `${secret}x\u007f\r`, true);
  assert.equal(typed.code, 0, typed.said);
  assert.ok(!`${piped.said}${typed.said}`.includes(secret.slice(4, 20)));
  assert.equal(JSON.parse(readFileSync(profileIn('typed'), 'utf8')).key, secret);
  const left = await real([...words, '--profile', 'left'], 'iog_\u0003', true);
  assert.equal(left.code, 1);
  assert.match(left.said, /It was left by Ctrl-C/);
  const nothing = await real([...words, '--profile', 'nothing'], '', false);
  assert.match(nothing.said, /does not look like an API key/);
});

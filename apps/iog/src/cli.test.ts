// The command line from outside: help of every command, what is refused, and with which exit code.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { cli } from './cli.ts';
import { commands } from './commands/table.ts';
import { environment } from './environment.ts';
import { terminal } from './terminal/terminal.ts';

const home = mkdtempSync(path.join(tmpdir(), 'iog-cli-'));
after(() => rmSync(home, { recursive: true, force: true }));

async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const code = await cli(words, {
    commands,
    environment: () => environment({ IOG_HOME: home }),
    terminal: (json) => terminal(json, out, err),
  });
  return { code, out: said(out), err: said(err) };
}

function said(stream: PassThrough): string {
  let text = '';
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) text += (chunk as Buffer).toString();
  return text;
}

for (const { name, summary, examples, options } of commands) {
  test(`iog ${name} --help shows summary, options and examples on stdout`, async () => {
    const { code, out, err } = await run(...name.split(' '), '--help');
    assert.equal(code, 0);
    assert.equal(err, '');
    assert.ok(out.includes(summary));
    assert.ok(out.includes('--json'));
    assert.ok(examples.length > 0);
    for (const example of examples) assert.ok(out.includes(example));
    for (const option of Object.keys(options)) assert.ok(out.includes(`--${option}`));
    assert.deepEqual(await run('help', ...name.split(' ')), { code, out, err });
  });
}

test("options stand before the words of the user's own command", async () => {
  assert.match((await run('run', '--help')).out, /^Usage: iog run \[options\] -- <command…>$/m);
  assert.match((await run('ray', '--help')).out, /^Usage: iog ray <cluster> \[options\] \[-- <command…>\]$/m);
  assert.match((await run('cluster', 'show', '--help')).out, /^Usage: iog cluster show <cluster> \[options\]$/m);
});

test('help lists every command', async () => {
  const { code, out } = await run('help');
  assert.equal(code, 0);
  for (const { name } of commands) assert.ok(out.includes(`  ${name} `), name);
});

const refused: readonly [words: string[], says: RegExp][] = [
  [[], /Usage: iog <command>/],
  [['clutser'], /Did you mean `iog cluster`\?/],
  [['cluster'], /cluster create/],
  [['cluster', 'lst'], /Did you mean `iog cluster list`\?/],
  [['offers', '--jsn'], /no option --jsn\. Did you mean --json\?/],
  [['quote', '--nodes', 'two'], /--nodes takes a whole number from 1 to 64, not "two"/],
  [['quote', '--nodes'], /--nodes/],
  [['quote', '--memebr', 'x'], /no option --memebr\. Did you mean --member\?/],
  [['quote', '--gpu', 'H100:0'], /--gpu takes from 1 to 64 GPUs a node/],
  [['quote', '--gpu', '24XB+'], /--gpu takes a model or a least memory/],
  [['quote', '--gpu', 'H100:2', '--gpus', '2'], /both say how many: give one/],
  [['quote', '--cuda', '12'], /--cuda takes a version such as 12\.8/],
  [['quote', '--reputation', '90'], /--reputation takes a share from 0 to 1/],
  [['quote', '--isolation', 'contaner'], /--isolation takes none, container, sandbox.*Did you mean container\?/],
  [['quote', '--supplier', 'bob'], /--supplier takes an account such as acc_/],
  [['quote', '--member', '4x core=2'], /there is no "core", did you mean cores\? It takes cores, memory, gpu, for/],
  [['quote', '--member', '65x'], /a group has from 1 to 64 nodes/],
  [['cluster', 'extend', `clu_${'0'.repeat(26)}`], /needs --for with a time/],
  [['cluster', 'extend', `clu_${'0'.repeat(26)}`, '--for', '800h'], /from 1m to 744h/],
  [['quote', '--memory', '2XB'], /--memory takes a size such as 2GB/],
  [['quote', '--for', 'soon'], /--for takes a time/],
  [['quote', '--for', '10s'], /from 1m to 744h/],
  [['quote', '--for', '1h', '--hours', '1'], /say the same/],
  [['quote', '--cap', '1.1234567'], /--cap takes an amount/],
  [['quote', '--nodes', '-1'], /--nodes takes a whole number from 1 to 64, not "-1"/],
  [['quote', '--cap', '-1'], /--cap takes an amount such as 1\.50, not "-1"/],
  [['quote', '--for', '-5m'], /--for takes a time above zero .*, not "-5m"/],
  [['key', 'create', '--expires', '-1h'], /--expires takes a time above zero .*, not "-1h"/],
  [['key', 'create', '--expires=0h'], /--expires takes a time above zero .*, not "0h"/],
  [['key', 'create', '--name', 'ünï 🎉'], /--name takes letters \(A to Z\), digits, spaces and .*, not "ünï 🎉"/],
  [['cluster', 'create', '--idle-end', '10s'], /--idle-end takes a time from 1m to 24h/],
  [['quote', 'extra'], /does not take "extra"/],
  [['cluster', 'show'], /needs <cluster>/],
  [['run'], /needs a command after --/],
  [['control', '--first-account', 'a'], /go together/],
  [['control', '--host', '0.0.0.0'], /--host 0\.0\.0\.0 is refused: .* loopback only/],
  [['control', '--host', '127.0.0.1.example.org'], /is refused/],
];
for (const [words, says] of refused) {
  test(`iog ${words.join(' ')}: exit 2, and what is meant`, async () => {
    const { code, out, err } = await run(...words);
    assert.match(err, says);
    assert.equal(code, 2);
    assert.equal(out, '');
  });
}

test('without a network: exit 1, a sentence, a next step, no stack', async () => {
  const { code, err } = await run('offers');
  assert.equal(code, 1);
  assert.match(err, /^error: .*has no profile.*\nnext: .*iog up/);
  assert.doesNotMatch(err, /\n\s+at /);
});

test('with --json an error is a document on stdout too', async () => {
  const { code, out } = await run('offers', '--json');
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).error.code, 'user');
});

test('words after -- are the command, whatever they look like', async () => {
  const { code, err } = await run('run', '--', 'python', '--json', '--help');
  assert.equal(code, 1);
  assert.match(err, /no profile/);
});

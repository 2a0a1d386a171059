// The commands of the quickstarts and of docs/api.md, run as they stand there: ```sh run``` to its end, ```sh start``` for as long as the page.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertNothingLeft, clear } from './processes.ts';
import { type Place, makePlace, root, until } from './rig.ts';

/** What a page writes for the reader to fill in, and what its own commands have said before. */
const gaps: Readonly<Record<string, RegExp>> = {
  'clu_…': /clu_[0-9a-z]{26}/g,
  'dev_…': /dev_[0-9a-z]{26}/g,
  'ABCD-EFGH': /\b[A-Z2-9]{4}-[A-Z2-9]{4}\b/g,
};
/** What a command that stays says once the page may go on. */
const ready: Readonly<Record<string, RegExp>> = {
  'iog up': /http:\/\/127/,
  'iog worker join': /[A-Z2-9]{4}-[A-Z2-9]{4}/,
  'iog worker run': /\S/,
};
const blockLimitMs = 60_000;

interface Block {
  readonly stays: boolean;
  readonly text: string;
}

class Reader {
  readonly #place: Place;
  readonly #folder: string;
  readonly #stay: { child: ChildProcess; ended: Promise<unknown> }[] = [];
  #said = '';

  constructor(place: Place) {
    this.#place = place;
    // Empty: `iog run` sends the folder that it is called in.
    this.#folder = path.join(place.dir, 'empty');
    const bin = path.join(place.dir, 'bin');
    for (const dir of [this.#folder, bin]) fs.mkdirSync(dir);
    const script = `#!/bin/sh\nexec ${process.execPath} ${path.join(root, 'apps/iog/src/main.ts')} "$@"\n`;
    fs.writeFileSync(path.join(bin, 'iog'), script, { mode: 0o755 });
  }

  async follow(page: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const block of blocksOf(page)) await this.#do(block, env);
  }

  async end(): Promise<void> {
    for (const { child, ended } of this.#stay.toReversed()) {
      child.kill('SIGTERM');
      await ended;
    }
  }

  async #do({ stays, text }: Block, env: Readonly<Record<string, string>>): Promise<void> {
    const { env: own, dir } = this.#place;
    const filled = Object.entries(gaps).reduce((all, [gap, form]) => all.replaceAll(gap, this.#said.match(form)?.at(-1) ?? gap), text);
    const script = stays ? `exec ${filled}` : `set -eux\n${filled}`;
    const PATH = `${path.join(dir, 'bin')}:${own['PATH'] ?? ''}`;
    const child = spawn('bash', ['-c', script], { cwd: this.#folder, env: { ...own, ...env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    const keep = (part: Buffer): void => void (out += part.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    if (stays) {
      this.#stay.push({ child, ended });
      const [, sign] = Object.entries(ready).find(([start]) => text.startsWith(start)) ?? [text, /^$/];
      await until(`${text.trim()} to be ready`, blockLimitMs, () => sign.test(out) || child.exitCode !== null);
      assert.ok(sign.test(out), `${text}ended: ${out.slice(-3_000)}`);
    } else assert.equal(await ended, 0, `${text}\n${out.slice(-3_000)}`);
    this.#said += out;
  }
}

function blocksOf(page: string): Block[] {
  const text = fs.readFileSync(path.join(root, 'docs', page), 'utf8');
  return [...text.matchAll(/^```sh (run|start)\n([\s\S]*?)^```$/gm)].map(([, kind, inner = '']) => ({
    stays: kind === 'start',
    text: inner,
  }));
}

function reader(t: TestContext): { readonly reads: Reader; readonly place: Place } {
  const place = makePlace();
  const reads = new Reader(place);
  t.after(async () => {
    await reads.end();
    await clear(place.dir);
  });
  return { reads, place };
}

test('the quickstart for renters, and then what docs/api.md asks with curl', async (t) => {
  const { reads, place } = reader(t);
  await reads.follow('renters.md');
  const { url, key } = JSON.parse(fs.readFileSync(path.join(place.home, 'profile.json'), 'utf8')) as { url: string; key: string };
  await reads.follow('api.md', { IOG_URL: url, IOG_KEY: key });
  await reads.end();
  await assertNothingLeft(place.dir, 30_000);
});

test('the quickstart for owners', async (t) => {
  const { reads, place } = reader(t);
  await reads.follow('owners.md');
  await reads.end();
  await assertNothingLeft(place.dir, 30_000);
});

test('every page has blocks that are run', () => {
  for (const page of ['renters.md', 'owners.md', 'api.md']) assert.ok(blocksOf(page).length >= 4, page);
});

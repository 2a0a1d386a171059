// Whether control keeps to its OpenAPI document: Schemathesis makes requests of it, good and bad ones, and holds each answer against it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { admittedFake } from '../../packages/control/src/test/fake-device.ts';
import { createOf, fund, quoteOf } from '../../packages/control/src/test/renting.ts';
import { quickPolicy, startRig } from '../../packages/control/src/test/rig.ts';

const program = path.join(import.meta.dirname, '../../.cache/api-tests/bin/schemathesis');
/** For each route in the phase of chance: all others of its phases try what there is to try. */
const examplesOfChance = 5;
const requestLimitS = 10;
const limitMs = 240_000;

test('no answer is another than documented, to all that Schemathesis asks with all its checks', { timeout: limitMs }, async (t) => {
  const rig = await startRig(t, { limits: { ...quickPolicy.limits, requestsPerMinute: 10_000_000 } });
  const device = await admittedFake(rig);
  await fund(rig);
  await createOf(rig, await quoteOf(rig));
  const options = {
    header: `Authorization: Bearer ${rig.secret}`,
    phases: 'examples,coverage,fuzzing,stateful',
    'max-examples': String(examplesOfChance),
    'request-timeout': String(requestLimitS),
    seed: '1',
    workers: '2',
    warnings: 'off',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const { code, said } = await run(t, [`${rig.url}/v1/openapi.json`, '--no-color', ...flags]);
  device.close();
  t.diagnostic(/Test cases:\n\s*(.*)/.exec(said)?.[1] ?? 'no cases were counted');
  assert.equal(code, 0, said.slice(-20_000));
  assert.match(said, /No issues found/);
  const bugs = rig.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(bugs, []);
});

/** In a folder of its own: it writes reports beside it. */
async function run(t: TestContext, args: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-openapi-'));
  t.after(() => fs.rmSync(cwd, { recursive: true, force: true }));
  const child = spawn(program, ['run', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: cwd } });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  const keep = (part: Buffer): void => void (said += part.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, said };
}

// What must hold before a change is merged, apart from its tests. All at once; one line for each, with its time.
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const bin = path.join(root, 'node_modules/.bin');
const checks: Readonly<Record<string, readonly [string, ...string[]]>> = {
  types: ['tsc', '-p', 'tsconfig.json', '--pretty', 'false'],
  lint: ['oxlint', '--type-aware', '--deny-warnings', '--quiet'],
  format: ['oxfmt', '--check'],
  unused: ['knip', '--no-progress', '--no-config-hints'],
  fence: ['node', '--test', '--test-reporter=spec', 'tests/fence.test.ts'],
};

const results = await Promise.all(Object.entries(checks).map(([name, command]) => check(name, command)));
process.exitCode = results.every(Boolean) ? 0 : 1;

async function check(name: string, [tool, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  const startedMs = performance.now();
  const child = spawn(path.join(bin, tool), args, {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH']}`, NODE_COMPILE_CACHE: path.join(root, '.cache/compile') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const isGood = await new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  const line = `${isGood ? 'ok  ' : 'FAIL'} ${name.padEnd(6)} ${Math.round(performance.now() - startedMs)} ms`;
  console.log(isGood ? line : `${line}\n${output.trimEnd()}\n`);
  return isGood;
}

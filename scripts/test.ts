// Runs the tests: units first, then the system tests: those that mostly wait side by side, the others one at a time, for they measure real processes.
// Arguments narrow the run to the files whose path contains one of them. In CI a skipped test counts as a failure.
import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Suite {
  readonly name: string;
  readonly globs: readonly string[];
  readonly without?: readonly string[];
  readonly concurrency: number;
  readonly fileLimitMs: number;
}

interface Outcome {
  readonly failed: number;
  readonly skipped: readonly string[];
}

const root = path.join(import.meta.dirname, '..');
/** They measure no time, and most of theirs is waiting. */
const patient = ['arm64', 'half-installed', 'mixed-cluster', 'openapi', 'replicas', 'simulated-stores'].map(
  (name) => `tests/system/${name}.test.ts`,
);

const suites: readonly Suite[] = [
  {
    name: 'unit',
    globs: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tests/*.test.ts'],
    concurrency: 2,
    fileLimitMs: 60_000,
  },
  { name: 'side by side', globs: patient, concurrency: 3, fileLimitMs: 420_000 },
  { name: 'system', globs: ['tests/system/**/*.test.ts'], without: patient, concurrency: 1, fileLimitMs: 420_000 },
];

process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const isCi = process.env['CI'] === 'true';
  // Stripping types takes most of a test file's start; every file of the run shares this cache.
  process.env['NODE_COMPILE_CACHE'] ??= path.join(root, '.cache/compile');
  const planned = suites.map((suite) => ({ suite, files: filesOf(suite, wanted) })).filter(({ files }) => files.length > 0);
  if (planned.length === 0) {
    console.error(`No test file matches: ${wanted.join(' ')}`);
    return 2;
  }
  let exitCode = 0;
  for (const { suite, files } of planned) {
    const startedMs = performance.now();
    console.log(`${suite.name} tests: ${files.length} files`);
    const { failed, skipped } = await runSuite(suite, files);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${suite.name} tests ${failed === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
    if (isCi && skipped.length > 0) console.error(`In CI a skipped test is a failure:\n  ${skipped.join('\n  ')}\n`);
    if (failed > 0 || (isCi && skipped.length > 0)) exitCode = 1;
  }
  return exitCode;
}

function filesOf(suite: Suite, wanted: readonly string[]): string[] {
  const names = wanted.map((argument) => (fs.existsSync(argument) ? path.relative(root, path.resolve(argument)) : argument));
  return fs
    .globSync([...suite.globs], { cwd: root })
    .filter((file) => !(suite.without ?? []).includes(file))
    .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
    .toSorted();
}

async function runSuite(suite: Suite, files: readonly string[]): Promise<Outcome> {
  let failed = 0;
  const skipped: string[] = [];
  const events = run({
    files: files.map((file) => path.join(root, file)),
    cwd: root,
    isolation: 'process',
    concurrency: suite.concurrency,
    timeout: suite.fileLimitMs,
  });
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined) failed += 1;
  });
  events.on('test:pass', ({ name, file, skip }) => {
    // The runner passes a file that ended before it reported a test: by process.exit(0), or because it holds none.
    if (path.isAbsolute(name) && name === file) {
      failed += 1;
      console.error(`No test was reported by ${path.relative(root, name)}`);
    }
    if (skip !== undefined) skipped.push(`${path.relative(root, file ?? '')}: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}`);
  });
  for await (const text of events.compose(new spec())) process.stdout.write(String(text));
  return { failed, skipped };
}

// Makes a fresh clone runnable: Node packages and Python environment, each as its lock file says, each once. Runs on any Node from 20.
// Options: --quiet says nothing but that there is something to set up, and errors; --test (or `npm test`) also installs what only the tests need.
import fs from 'node:fs';
import path from 'node:path';
import { installApiTests, isApiTestsReady } from './setup/api-tests.mjs';
import { takeLock } from './setup/lock.mjs';
import { arePackagesReady, installPackages } from './setup/packages.mjs';
import { installPython, isPythonReady } from './setup/python.mjs';
import { cacheDir, requireWritableFolders, SetupError } from './setup/shell.mjs';
import { installSystemPackages, missingForTests } from './setup/system.mjs';

const isQuiet = process.argv.includes('--quiet');
const isForTests = process.argv.includes('--test') || process.env.npm_lifecycle_event === 'test';

function say(line) {
  if (!isQuiet) console.error(`set-up: ${line}`);
}

function pendingPhases() {
  const system = isForTests ? missingForTests() : [];
  return [
    { name: 'packages', isDone: arePackagesReady(), work: ({ lock }) => installPackages(lock) },
    { name: 'python', isDone: isPythonReady(), work: installPython },
    // Made with the nodes' environment, so after it.
    { name: 'api tests', isDone: !isForTests || isApiTestsReady(), work: installApiTests },
    { name: 'system', isDone: system.length === 0, work: (port) => installSystemPackages(system, 'The tests need more.', port) },
  ].filter((phase) => !phase.isDone);
}

async function timed(name, work) {
  const started = performance.now();
  await work();
  const ms = Math.round(performance.now() - started);
  say(`${name} ${(ms / 1000).toFixed(1)} s`);
  return { name, ms };
}

// Node packages and Python do not wait for each other; packages of the system may be what Python needs, so they never run beside it.
async function setUp() {
  if (pendingPhases().length === 0) return [];
  requireWritableFolders();
  fs.mkdirSync(cacheDir, { recursive: true });
  const lock = await takeLock(say);
  try {
    const pending = pendingPhases();
    const done = lock.waitedMs > 0 ? [{ name: 'waiting', ms: lock.waitedMs }] : [];
    // Said in quiet too: it takes a minute, and whoever waits should know for what.
    if (pending.length > 0) console.error(`set-up: first start, or a lock file changed: ${pending.map((phase) => phase.name).join(', ')}`);
    const start = (phase) => timed(phase.name, () => phase.work({ lock, say }));
    for (const phase of pending.filter(({ name }) => name === 'system')) done.push(await start(phase));
    const results = await Promise.allSettled(pending.filter(({ name }) => name === 'packages' || name === 'python').map(start));
    const failures = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
    if (failures.length > 0)
      throw failures.length === 1 ? failures[0] : new SetupError(failures.map((error) => error.message).join('\n\n'));
    done.push(...results.map(({ value }) => value));
    for (const phase of pending.filter(({ name }) => name === 'api tests')) done.push(await start(phase));
    return done;
  } finally {
    lock.release();
  }
}

// `iog start` adds these phases to its own report of where the time went.
function report(phases) {
  const file = path.join(cacheDir, 'setup.json');
  const fresh = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(fresh, `${JSON.stringify({ phases })}\n`);
    fs.renameSync(fresh, file);
  } catch (error) {
    // A clone that another user has set up may be only readable for this one.
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
  }
}

try {
  report(await setUp());
} catch (error) {
  console.error(`set-up: ${error instanceof SetupError ? error.message : error.stack}`);
  process.exitCode = 1;
}

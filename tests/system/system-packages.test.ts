// Set-up where Python cannot make environments: root installs what is missing, any other user is told the one command. Nothing real is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');
const isDebian = fs.existsSync('/etc/debian_version') && fs.existsSync('/usr/bin/apt-get');
const skip = isDebian ? false : 'this system has no apt-get';
const nobody = 65_534;

test('root: apt-get is called for python3 and python3-venv, once, and set-up goes on with it', { skip }, () => {
  const { calls, stderr } = setUpPython({ asRoot: true, listsAreStale: false });
  assert.deepEqual(calls, [
    'noninteractive: install -y --no-install-recommends -o Dpkg::Options::=--force-confold python3 python3-venv',
    'venv',
  ]);
  assert.match(stderr, /cannot make virtual environments.*Running: apt-get install -y python3 python3-venv/);
});

test('root: stale package lists are fetched once, then it is tried again', { skip }, () => {
  const { calls } = setUpPython({ asRoot: true, listsAreStale: true });
  const install = 'noninteractive: install -y --no-install-recommends -o Dpkg::Options::=--force-confold python3 python3-venv';
  assert.deepEqual(calls, [install, 'noninteractive: update -q', install, 'venv']);
});

test('any other user: the command is named, nothing is called, and set-up fails', { skip }, () => {
  const { calls, status, stderr } = setUpPython({ asRoot: false, listsAreStale: false });
  assert.deepEqual(calls, []);
  assert.notEqual(status, 0);
  assert.match(stderr, /its venv module is not installed\. Run: sudo apt-get install -y python3 python3-venv$/m);
});

/** Runs the Python part of set-up in a copy, with nothing on PATH but doubles that note how they were called. */
function setUpPython({ asRoot, listsAreStale }: { readonly asRoot: boolean; readonly listsAreStale: boolean }): {
  readonly calls: readonly string[];
  readonly status: number | null;
  readonly stderr: string;
} {
  const clone = fs.mkdtempSync(path.join(os.tmpdir(), 'set-up-'));
  try {
    fs.chmodSync(clone, 0o755);
    for (const name of ['scripts', 'python']) fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true });
    for (const name of ['bin', '.cache']) fs.mkdirSync(path.join(clone, name));
    const write = (name: string, text: string): void =>
      fs.writeFileSync(path.join(clone, 'bin', name), `#!/bin/sh\n${text}`, { mode: 0o755 });
    const file = (name: string): string => path.join(clone, name);
    fs.writeFileSync(file(listsAreStale ? 'stale' : 'fresh'), '');
    write('apt-get', aptGet(clone));
    write('dpkg', `echo "dpkg $*" >> ${clone}/calls\n`);
    write('python3', python(clone));
    const isRoot = process.getuid?.() === 0;
    const lower = isRoot && !asRoot ? `process.setgid(${nobody}); process.setuid(${nobody});` : '';
    const program = `import { installPython } from './scripts/setup/python.mjs';
      ${lower}
      try { await installPython({ lock: undefined, say: (line) => console.error(line) }); }
      catch (error) { console.error(error.message); process.exitCode = 1; }`;
    const node = [process.execPath, '--input-type=module', '-e', program];
    const [command = '', ...words] = asRoot && !isRoot ? ['/usr/bin/unshare', '--user', '--map-root-user', ...node] : node;
    const env = { PATH: file('bin'), HOME: clone, TMPDIR: os.tmpdir() };
    const { status, stderr } = spawnSync(command, words, { cwd: clone, env, encoding: 'utf8', timeout: 20_000 });
    const calls = fs.existsSync(file('calls')) ? fs.readFileSync(file('calls'), 'utf8').trim().split('\n') : [];
    return { calls, status, stderr };
  } finally {
    fs.rmSync(clone, { recursive: true, force: true });
  }
}

function aptGet(clone: string): string {
  return `echo "$DEBIAN_FRONTEND: $*" >> ${clone}/calls
if [ "$1" = update ]; then echo > ${clone}/updated; exit 0; fi
if [ -e ${clone}/stale ] && [ ! -e ${clone}/updated ]; then echo "E: Unable to locate package" >&2; exit 100; fi
echo > ${clone}/installed
`;
}

/** A Python whose venv module is there only after the installation; the environment itself is not made. */
function python(clone: string): string {
  return `if [ "$2" = venv ]; then echo venv >> ${clone}/calls; exit 3; fi
has=false; [ -e ${clone}/installed ] && has=true
echo "[\\"cpython\\", [3, 12, 0], \\"${clone}/bin/python3\\", $has]"
`;
}

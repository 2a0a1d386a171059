// The fence between the floors of this repository: who may import whom, and why not. One test for each rule.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

interface Floor {
  /** A name that ends in ':' or '/' stands for all that begin with it. */
  readonly uses: readonly string[];
  /** Where an import that its floor allows is still kept to one folder. */
  readonly onlyIn?: Readonly<Record<string, string>>;
  readonly because: string;
}

const root = path.join(import.meta.dirname, '..');
const maxLines = 300;
const vagueNames = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'types'];

const floors: Readonly<Record<string, Floor>> = {
  'packages/protocol': { uses: ['typebox'], because: 'words that cross a wire decide nothing and reach nothing' },
  'packages/seal': {
    uses: ['@iog/protocol', 'age-encryption', 'node:crypto', 'node:buffer'],
    because: 'cryptography is computed from bytes; files and sockets belong to its callers',
  },
  'packages/core': {
    uses: ['@iog/protocol'],
    because: 'a decision depends on its arguments alone, so that it can be replayed and simulated',
  },
  'packages/client': {
    uses: ['@iog/protocol', '@iog/seal', 'ws', 'fflate', 'node:'],
    because: 'a renter runs it alone: it knows the network by its routes, not by its code',
  },
  'packages/control': {
    uses: ['@iog/protocol', '@iog/seal', '@iog/core', 'fastify', 'ws', 'typebox', 'postgres', 'prom-client', 'node:'],
    onlyIn: { 'node:sqlite': 'packages/control/src/store/sqlite/', postgres: 'packages/control/src/store/postgres/' },
    because: 'services meet over the words in protocol, and only store/ speaks SQL',
  },
  'packages/worker': {
    uses: ['@iog/protocol', '@iog/seal', '@iog/core', 'ws', 'typebox', 'node:'],
    onlyIn: { 'node:sqlite': 'packages/control/src/store/sqlite/' },
    because: 'a device holds no database and no code of the control plane',
  },
  'packages/sim': {
    uses: ['@iog/', 'node:'],
    onlyIn: { 'node:sqlite': 'packages/control/src/store/' },
    because: 'the simulated network is the real one over other ports; it needs no library of its own',
  },
  'apps/iog': {
    uses: ['@iog/', 'node:'],
    onlyIn: { 'node:sqlite': 'packages/control/src/store/sqlite/' },
    because: 'the command composes packages; what needs another library belongs in one of them',
  },
};

const committed = listCommitted();
const sources = committed.filter((file) => /^(packages|apps)\/[^/]+\/src\/.*\.ts$/.test(file));
const shipped = sources.filter((file) => !file.endsWith('.test.ts') && !file.includes('/test/'));

test('every package is in the table of floors', () => {
  const found = new Set(
    committed.map((file) => /^((?:packages|apps)\/[^/]+)\/package\.json$/.exec(file)?.[1]).filter((name) => name !== undefined),
  );
  assert.deepEqual([...found].toSorted(), Object.keys(floors).toSorted());
});

for (const [name, floor] of Object.entries(floors)) {
  test(`${name} imports only what its floor allows`, () => {
    const offences = shipped
      .filter((file) => file.startsWith(`${name}/`))
      .flatMap((file) => importsOf(read(file)).map((specifier) => ({ file, specifier })))
      .filter(({ file, specifier }) => !specifier.startsWith('.') && !isAllowed(floor, file, specifier))
      .map(({ file, specifier }) => `${file} imports ${specifier}`);
    assertNone(offences, floor.because);
  });
}

test('another package is imported by its name, never by its path', () => {
  const offences = sources.flatMap((file) => {
    const home = file.split('/').slice(0, 2).join('/');
    return importsOf(read(file))
      .filter((specifier) =>
        specifier.startsWith('.')
          ? !path.join(path.dirname(file), specifier).startsWith(`${home}/`)
          : /^@iog\/[^/]+\//.test(specifier) && !(home === 'packages/sim' && specifier.endsWith('/sim')),
      )
      .map((specifier) => `${file} imports ${specifier}`);
  });
  assertNone(offences, 'index.ts is what a package promises, and sim.ts to packages/sim alone; all else may change');
});

test('only apps/iog reads the environment', () => {
  const offences = shipped.filter(
    (file) =>
      !file.startsWith('apps/iog/') &&
      /\bprocess\s*(?:\.\s*env\b|\[['"]env['"]\])|\benv\b[^;]*from ['"](?:node:)?process['"]/.test(withoutComments(read(file))),
  );
  assertNone(offences, 'a setting that enters in one place can be listed, checked and tested');
});

test('core is synchronous', () => {
  const offences = shipped.filter(
    (file) =>
      file.startsWith('packages/core/') && /\basync\s*(?:function\b|\(|\*|\w+\s*=>)|\bPromise[<.(]/.test(withoutComments(read(file))),
  );
  assertNone(offences, 'a decision that waits has read a world that is gone');
});

test('core finds no request malformed', () => {
  const offences = shipped.filter(
    (file) => /^packages\/(core|control\/src\/(?!http\/))/.test(file) && read(file).includes("'request.malformed'"),
  );
  assertNone(
    offences,
    'what fits its schema is not malformed: say request.refused, so that whoever holds to openapi.json never gets a 400',
  );
});

test(`no file of code is longer than ${maxLines} lines`, () => {
  const offences = committed
    .filter((file) => /\.(ts|mjs|py|sh)$/.test(file))
    .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file} has ${lines}`);
  assertNone(offences, 'it holds more than one idea: split it by them');
});

test('no file or folder has a name that says nothing', () => {
  const offences = committed.filter((file) => file.split('/').some((part) => vagueNames.includes(part.split('.')[0] ?? '')));
  assertNone(offences, `${vagueNames.join(', ')} hide where a thing belongs`);
});

test('no committed file names a host of a package registry', () => {
  // Written apart, so that this file does not name them itself.
  const hosts = ['registry npmjs', 'registry yarnpkg', 'files pythonhosted', 'pypi org'].map((words) => words.replace(' ', '.'));
  const offences = committed.filter((file) => hosts.some((host) => read(file).includes(host)));
  assertNone(offences, 'whoever installs chooses the registry or mirror; hashes pin the content');
});

test('every package has a README.md', () => {
  assertNone(
    Object.keys(floors).filter((name) => !fs.existsSync(path.join(root, name, 'README.md'))),
    'a stranger starts there',
  );
});

function isAllowed(floor: Floor, file: string, specifier: string): boolean {
  const home = floor.onlyIn?.[specifier];
  if (home !== undefined) return file.startsWith(home);
  return floor.uses.some((name) =>
    /[:/]$/.test(name) ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

function importsOf(source: string): string[] {
  const pattern =
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|\brequire\(\s*['"]([^'"]+)['"]/gm;
  return [...withoutComments(source).matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
}

function withoutComments(source: string): string {
  return source.replaceAll(/(?<=^|[\s(,])\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

function read(file: string): string {
  return fs.readFileSync(path.join(root, file), 'utf8');
}

// What is committed or about to be; without git (a copy of the sources), every file that is not installed or built.
function listCommitted(): string[] {
  const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const git = spawnSync('git', args, { encoding: 'utf8' });
  const files =
    git.status === 0 ? git.stdout.split('\0') : fs.globSync('**', { cwd: root, exclude: ['**/node_modules', '.cache', '.git'] });
  return files.filter((file) => file !== '' && fs.lstatSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() === true);
}

function assertNone(offences: readonly string[], because: string): void {
  assert.equal(offences.length, 0, `${because}:\n  ${offences.join('\n  ')}`);
}

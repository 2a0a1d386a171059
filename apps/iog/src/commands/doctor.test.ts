// iog doctor about Python and Ray: one that is missing, does not load, is of another version, and the one that set-up built.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { cli } from '../cli.ts';
import { environment } from '../environment.ts';
import { terminal } from '../terminal/terminal.ts';
import { commands } from './table.ts';

const home = mkdtempSync(path.join(tmpdir(), 'iog-doctor-'));
after(() => rmSync(home, { recursive: true, force: true }));
const real = environment({ IOG_HOME: home });
const pinned = /^ray==(\S+)/m.exec(readFileSync(path.join(real.root, 'python/requirements.lock'), 'utf8'))?.[1] ?? '';

/** A folder of Python whose module `ray` is this text. */
function pythonWith(name: string, ray: string): string {
  const dir = path.join(home, name);
  mkdirSync(path.join(dir, 'lib/ray'), { recursive: true });
  mkdirSync(path.join(dir, 'bin'));
  writeFileSync(path.join(dir, 'lib/ray/__init__.py'), ray);
  const program = `#!/bin/sh\nPYTHONPATH='${dir}/lib' exec '${real.python}/bin/python' "$@"\n`;
  writeFileSync(path.join(dir, 'bin/python'), program, { mode: 0o755 });
  return dir;
}

async function askedOf(python: string): Promise<{ code: number; state: string; found: string; fix: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const where = { ...real, python };
  const code = await cli(['doctor', '--json'], { commands, environment: () => where, terminal: (json) => terminal(json, out, err) });
  const findings = JSON.parse(String(out.read())) as { what: string; state: string; found: string; fix: string }[];
  const finding = findings.find(({ what }) => what === 'Python and Ray');
  assert.ok(finding);
  return { code, ...finding };
}

const broken: readonly [what: string, python: () => string, found: RegExp][] = [
  ['is missing', () => path.join(home, 'nowhere'), /nowhere\/bin\/python is missing$/],
  [
    'does not load',
    () => pythonWith('broken', 'raise ImportError("libray.so: cannot open shared object file")'),
    /^Ray does not load: ImportError: libray\.so: cannot open/,
  ],
  ['is of another version', () => pythonWith('other', '__version__ = "2.9.3"'), new RegExp(`^3\\..* with Ray 2\\.9\\.3, not ${pinned}$`)],
];
for (const [what, python, found] of broken)
  test(`a Ray that ${what} is named, with the way to mend it`, async () => {
    const said = await askedOf(python());
    assert.deepEqual([said.code, said.state], [1, 'bad'], said.found);
    assert.match(said.found, found);
    assert.match(said.fix, /npm start/);
  });

test('the Ray that this build pins is good', async () => {
  const { state, found } = await askedOf(pythonWith('pinned', `__version__ = "${pinned}"`));
  assert.deepEqual([state, found.endsWith(`with Ray ${pinned}`)], ['good', true], found);
});

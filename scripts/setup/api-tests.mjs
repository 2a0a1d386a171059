// The Python environment that the tests hold the API against its OpenAPI document with: .cache/api-tests, exactly what python/api-tests.lock pins.
// Apart from the nodes' environment, which stays as renters have it.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheDir, root, run } from './shell.mjs';

const dir = path.join(cacheDir, 'api-tests');
const stampFile = path.join(dir, '.iog-stamp');
const lockFile = path.join(root, 'python/api-tests.lock');
const nodes = path.join(cacheDir, 'python');

export function isApiTestsReady() {
  try {
    return fs.readFileSync(stampFile, 'utf8') === wantedStamp() && fs.existsSync(path.join(dir, 'bin/schemathesis'));
  } catch {
    return false;
  }
}

/** With the uv and the interpreter of the nodes' environment, which is there before. The stamp comes last: a killed build is done again. */
export async function installApiTests({ lock }) {
  fs.rmSync(dir, { recursive: true, force: true });
  const uv = path.join(nodes, 'bin/uv');
  const env = { PYTHONHOME: undefined, PYTHONPATH: undefined, VIRTUAL_ENV: undefined };
  const python = fs.realpathSync(path.join(nodes, 'bin/python'));
  await run(uv, ['venv', '--quiet', '--python', python, dir], { lock, env });
  const install = [
    'pip',
    'install',
    '--quiet',
    '--require-hashes',
    '--no-build',
    '--compile-bytecode',
    '--python',
    path.join(dir, 'bin/python'),
  ];
  await run(uv, [...install, '-r', lockFile], { lock, env });
  fs.writeFileSync(stampFile, wantedStamp());
}

/** The environment of the nodes is part of it: its interpreter is what this one runs on. */
function wantedStamp() {
  const base = fs.realpathSync(path.join(nodes, 'bin/python'));
  return createHash('sha256').update(fs.readFileSync(lockFile)).update(`${process.platform} ${process.arch} ${root} ${base}`).digest('hex');
}

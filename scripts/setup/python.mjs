// The Python environment that Ray runs in: .cache/python, with exactly what python/requirements.lock pins.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheDir, everyOnPath, outerPath, root, run, SetupError } from './shell.mjs';
import { installSystemPackages } from './system.mjs';

const link = path.join(cacheDir, 'python');
const stampName = '.iog-stamp.json';
const locks = ['uv.lock', 'requirements.lock'].map((name) => path.join(root, 'python', name));
// The range for which Ray publishes wheels.
const minors = [14, 13, 12, 11, 10];
const probe =
  'import importlib.util as u, json, os, sys;' +
  'print(json.dumps([sys.implementation.name, list(sys.version_info[:3]), os.path.realpath(sys.executable), bool(u.find_spec("venv") and u.find_spec("ensurepip"))]))';

/** Without starting Python: the stamp matches the lock files, and the interpreter it was made with is still there. */
export function isPythonReady() {
  try {
    const { inputs } = JSON.parse(fs.readFileSync(path.join(link, stampName), 'utf8'));
    return inputs === hashInputs() && fs.existsSync(path.join(link, 'bin/python')) && fs.existsSync(path.join(link, 'bin/ray'));
  } catch {
    return false;
  }
}

/** Builds the environment in its final place (it cannot be moved later) and stamps it last: a killed build is done again. */
export async function installPython({ lock, say }) {
  const base = findPython() ?? (await withSystemPython({ lock, say }));
  const inputs = hashInputs();
  const name = `python-${createHash('sha256').update(`${inputs} ${base.version} ${base.executable}`).digest('hex').slice(0, 16)}`;
  const dir = path.join(cacheDir, name);
  fs.rmSync(dir, { recursive: true, force: true });
  // Without .pyc files every start of Ray would cost twice the processor time.
  const env = { PYTHONDONTWRITEBYTECODE: undefined, PYTHONHOME: undefined, PYTHONPATH: undefined, VIRTUAL_ENV: dir };
  const python = path.join(dir, 'bin/python');
  await run(base.executable, ['-m', 'venv', dir], { lock, env });
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', locks[0]], { lock, env });
  const uv = ['pip', 'install', '--quiet', '--require-hashes', '--no-build', '--python', python, '-r', locks[1]];
  await run(path.join(dir, 'bin/uv'), uv, { lock, env });
  await run(python, ['-c', warmUp], { lock, env });
  fs.writeFileSync(path.join(dir, stampName), JSON.stringify({ inputs, version: base.version, base: base.executable }));
  pointTo(name);
}

// Compiles what a node imports (about 4 s of processor time) rather than everything that is installed (14 s).
const warmUp = `
import importlib, pkgutil
import ray.dashboard.modules
names = ['ray.scripts.scripts', 'ray.dashboard.head', 'ray.dashboard.agent', 'ray.dashboard.http_server_head', 'ray.util.client.server',
         'ray.util.state', 'ray._private.workers.default_worker', 'ray._private.log_monitor', 'ray._private.runtime_env.agent.runtime_env_agent',
         'ray.autoscaler._private.monitor', 'opentelemetry.sdk.metrics', 'opencensus.stats.stats', 'grpc.aio', 'pydantic.v1']
names += [m.name for m in pkgutil.walk_packages(ray.dashboard.modules.__path__, 'ray.dashboard.modules.', onerror=lambda _: None) if '.tests' not in m.name]
for name in names:
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):
        pass
`;

function hashInputs() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${root}`);
  for (const file of locks) hash.update(fs.readFileSync(file));
  return hash.digest('hex');
}

/** The first usable interpreter on PATH that can make environments; a shim that has no version behind it fails the probe. */
function findPython({ needsVenv = true } = {}) {
  for (const name of ['python3', ...minors.map((minor) => `python3.${minor}`)]) {
    for (const file of everyOnPath(name)) {
      const result = spawnSync(file, ['-I', '-c', probe], {
        encoding: 'utf8',
        env: { ...process.env, PATH: outerPath().join(path.delimiter) },
      });
      if (result.status !== 0) continue;
      const [implementation, [major, minor, patch], executable, hasVenv] = JSON.parse(result.stdout);
      const fits = implementation === 'cpython' && major === 3 && minors.includes(minor) && (hasVenv || !needsVenv);
      if (fits) return { executable, version: `${major}.${minor}.${patch}` };
    }
  }
  return undefined;
}

async function withSystemPython({ lock, say }) {
  const bare = findPython({ needsVenv: false });
  const why = bare
    ? `${bare.executable} cannot make virtual environments: its venv module is not installed.`
    : 'No Python 3.10 to 3.14 was found on PATH; clusters run Ray on it.';
  await installSystemPackages(['python3', 'python3-venv'], why, { lock, say });
  const found = findPython();
  if (!found) throw new SetupError(`${why} Installing python3-venv did not change that; put a Python 3.10 to 3.14 with venv on PATH.`);
  return found;
}

function pointTo(name) {
  const fresh = `${link}.${process.pid}`;
  fs.symlinkSync(name, fresh);
  fs.renameSync(fresh, link);
  for (const old of fs.readdirSync(cacheDir)) {
    if (old.startsWith('python-') && old !== name) fs.rmSync(path.join(cacheDir, old), { recursive: true, force: true });
  }
}

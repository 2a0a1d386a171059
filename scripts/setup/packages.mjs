// The Node packages that package-lock.json pins, and Node itself among them.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { everyOnPath, root, run, SetupError } from './shell.mjs';

const stampFile = path.join(root, 'node_modules/.iog-stamp');
const runtime = path.join(root, 'node_modules/.bin/node');

/** By content, not by time: a checkout of an older lock file reinstalls, a touched one does not. */
export function arePackagesReady() {
  try {
    return fs.readFileSync(stampFile, 'utf8') === wantedStamp() && fs.existsSync(runtime);
  } catch {
    return false;
  }
}

/** Replaces node_modules, whatever state it is in. The stamp comes last: a killed install is done again. */
export async function installPackages(lock) {
  const npm = everyOnPath('npm')[0];
  if (!npm) throw new SetupError('npm was not found on PATH. Install Node.js 20 or newer together with npm.');
  const stamp = wantedStamp();
  fs.rmSync(stampFile, { force: true });
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--prefer-offline', '--loglevel=error'];
  await run(npm, args, { lock, env: { NODE_ENV: '' } });
  if (!fs.existsSync(runtime)) adoptOwnNode();
  fs.writeFileSync(stampFile, stamp);
}

function wantedStamp() {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex');
}

// Platforms without a packaged Node run on the one that is already here, if it strips types.
function adoptOwnNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 24 || (major === 24 && minor < 12)) {
    const platform = `${process.platform}-${process.arch}`;
    throw new SetupError(`npm has no packaged Node.js for ${platform}. Install Node.js 24.12 or newer; this is ${process.version}.`);
  }
  fs.symlinkSync(process.execPath, runtime);
}

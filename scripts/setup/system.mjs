// Packages of the operating system: installed where we may, else named in one command.
import fs from 'node:fs';
import { everyOnPath, run, SetupError } from './shell.mjs';

/** Installs Debian packages as root; any other user on any other system gets the command to run. */
export async function installSystemPackages(names, why, { lock, say }) {
  const isRoot = process.getuid?.() === 0;
  if (!isDebian()) throw new SetupError(`${why} Install it with your system's package manager (Debian's name: ${names.join(' ')}).`);
  const command = `apt-get install -y ${names.join(' ')}`;
  if (!isRoot) throw new SetupError(`${why} Run: sudo ${command}`);
  say(`${why} Running: ${command}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', ...names], { lock, env });
  // Images ship without package lists, or with old ones: these are fetched only when the first try shows it.
  await install().catch(async () => {
    await run('apt-get', ['update', '-q'], { lock, env });
    await install();
  });
}

/** What the tests need and the product does without. */
export function missingForTests() {
  const needs = process.platform === 'linux' ? [['unshare', 'util-linux']] : [];
  return needs.filter(([program]) => everyOnPath(program).length === 0).map(([, name]) => name);
}

function isDebian() {
  return fs.existsSync('/etc/debian_version') && fs.existsSync('/usr/bin/apt-get');
}

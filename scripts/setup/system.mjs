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
  if (names.includes('postgresql')) declineServer();
  const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', ...keepSettings, ...names], { lock, env });
  // Images ship without package lists, or with old ones: these are fetched only when the first try shows it.
  await install().catch(async () => {
    await run('apt-get', ['update', '-q'], { lock, env });
    await install();
  });
}

/** What the tests need and the product does without. */
export function missingForTests() {
  const needs = process.platform === 'linux' ? [['unshare', 'util-linux']] : [];
  const missing = needs.filter(([program]) => everyOnPath(program).length === 0).map(([, name]) => name);
  return hasPostgres() ? missing : [...missing, 'postgresql'];
}

// Debian keeps the server's programs off PATH, by version.
function hasPostgres() {
  const debian = '/usr/lib/postgresql';
  const versions = fs.existsSync(debian) ? fs.readdirSync(debian) : [];
  return everyOnPath('initdb').length > 0 || versions.some((version) => fs.existsSync(`${debian}/${version}/bin/initdb`));
}

// Debian's package would make and start a server of its own. Its setting for that is a file of another package, which asks before it is
// replaced: the installation is told to keep what is there.
const keepSettings = ['-o', 'Dpkg::Options::=--force-confold'];
function declineServer() {
  const file = '/etc/postgresql-common/createcluster.conf';
  if (fs.existsSync(file)) return;
  fs.mkdirSync('/etc/postgresql-common', { recursive: true });
  fs.writeFileSync(file, 'create_main_cluster = false\n');
}

function isDebian() {
  return fs.existsSync('/etc/debian_version') && fs.existsSync('/usr/bin/apt-get');
}

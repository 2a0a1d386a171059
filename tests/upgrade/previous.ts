// The build before this one, from the archive beside this file: unpacked into a folder, with the libraries that are installed here.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** The commit of this repository that the archive holds, without its tests. README.md says how it is made. */
export const previousCommit = '17299ff';
export const today = path.join(import.meta.dirname, '../..');
const archive = path.join(import.meta.dirname, 'previous.tar.gz');

/** The root of the previous build, in `dir`. */
export function unpackPrevious(dir: string): string {
  const root = path.join(dir, `iog-${previousCommit}`);
  fs.mkdirSync(root, { recursive: true });
  const unpacked = spawnSync('tar', ['-xzf', archive, '-C', root], { encoding: 'utf8' });
  if (unpacked.status !== 0) throw new Error(`tar could not unpack ${archive}: ${unpacked.error?.message ?? unpacked.stderr}`);
  const [installed, modules] = [path.join(today, 'node_modules'), path.join(root, 'node_modules')];
  fs.mkdirSync(path.join(modules, '@iog'), { recursive: true });
  // Its own packages are its own; Node looks for what libraries import beside the libraries themselves.
  for (const name of fs.readdirSync(installed)) if (name !== '@iog') fs.symlinkSync(path.join(installed, name), path.join(modules, name));
  for (const name of fs.readdirSync(path.join(root, 'packages')))
    fs.symlinkSync(path.join(root, 'packages', name), path.join(modules, '@iog', name));
  return root;
}

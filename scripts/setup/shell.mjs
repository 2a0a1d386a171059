// How set-up talks to the outside: the folders, the programs on PATH, children that hold the lock, and how it gives up.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const cacheDir = path.join(root, '.cache');

/** What a user can put right: shown without a stack. */
export class SetupError extends Error {}

// npm run puts node_modules/.bin first; npm must not run on the Node binary that it is about to replace.
export function outerPath() {
  const own = `${path.sep}node_modules${path.sep}.bin`;
  return (process.env.PATH ?? '').split(path.delimiter).filter((dir) => dir !== '' && !dir.endsWith(own));
}

/** Every file of that name on PATH, in order: the first may be a shim that fails, or belong to another user. */
export function everyOnPath(program) {
  return outerPath()
    .map((dir) => path.join(dir, program))
    .filter((file) => {
      try {
        fs.accessSync(file, fs.constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Runs a program to its end; its output is shown only when it fails. With a lock, the child holds it too: a child that
 * outlives a killed set-up keeps the next one waiting.
 */
export function run(program, args, { lock, env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, PATH: outerPath().join(path.delimiter), ...env },
      stdio: ['ignore', 'pipe', 'pipe', lock?.fd ?? 'ignore'],
    });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => reject(new SetupError(`${program} did not start: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(
          new SetupError(`${path.basename(program)} ${args.slice(0, 3).join(' ')} ended with ${code ?? signal}:\n${output.trimEnd()}`),
        );
    });
  });
}

/** Refuses early, and in words, where an installer would fail late and at length. */
export function requireWritableFolders() {
  const home = os.homedir();
  if (home === '') throw new SetupError('HOME is empty. Set HOME to a folder you can write to: npm, pip and uv keep their caches there.');
  for (const [what, dir] of [
    ['This clone', root],
    ['HOME', home],
    ['The folder for temporary files', os.tmpdir()],
  ]) {
    try {
      fs.accessSync(dir, fs.constants.W_OK | fs.constants.X_OK);
    } catch (error) {
      const why = error.code === 'ENOENT' ? 'does not exist' : 'cannot be written by this user';
      const next =
        what === 'This clone'
          ? 'Clone as this user, or change its owner.'
          : `Set ${what === 'HOME' ? 'HOME' : 'TMPDIR'} to a folder you can write to.`;
      throw new SetupError(`${what}, ${dir}, ${why}. ${next}`);
    }
  }
}

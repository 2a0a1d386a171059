// A folder → the zip that becomes a job's working directory. The same files give the same bytes, whenever and wherever.
import { lstatSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { zipSync, type Zippable } from 'fflate';

/** What a user can put right about the folder. */
export class PackError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PackError';
  }
}

/** A folder without a file is wrong only where the job needs one. */
export class EmptyFolderError extends PackError {}

const maxPackageBytes = 95 * 1024 * 1024;
const maxFiles = 20_000;
const skipped = new Set(['.git', '__pycache__', 'node_modules', '.venv', 'venv', '.mypy_cache', '.pytest_cache', '.DS_Store']);
// The earliest instant that a zip's two-second local time can hold, in every time zone.
const fixedTime = new Date(1980, 0, 2);

/** Symbolic links are followed inside the folder and refused if they lead out of it. Throws PackError. */
export function packFolder(dir: string, limitBytes = maxPackageBytes): Uint8Array {
  const root = folderOf(dir);
  const files: Zippable = {};
  let bytes = 0;
  for (const { name, file, executable } of walk(root, root, '', new Set())) {
    bytes += statSync(file).size;
    if (bytes > limitBytes) throw new PackError(tooLarge(dir, limitBytes));
    files[name] = [readFileSync(file), { attrs: ((executable ? 0o100755 : 0o100644) << 16) >>> 0, os: 3 }];
    if (Object.keys(files).length > maxFiles)
      throw new PackError(`${dir} has more than ${maxFiles} files. Point --dir at the job's own folder.`);
  }
  if (Object.keys(files).length === 0)
    throw new EmptyFolderError(`${dir} holds no files to send. Point --dir at the folder with the job's code.`);
  return zipSync(files, { mtime: fixedTime, level: 6 });
}

interface Found {
  readonly name: string;
  readonly file: string;
  readonly executable: boolean;
}

function* walk(root: string, dir: string, prefix: string, above: ReadonlySet<string>): Generator<Found> {
  const real = realpathSync(dir);
  if (above.has(real)) throw new PackError(`${dir} is a symbolic link to a folder above it. Remove the link, or point --dir elsewhere.`);
  const inside = new Set(above).add(real);
  for (const entry of readdirSync(dir).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    if (skipped.has(entry)) continue;
    const file = path.join(dir, entry);
    if (lstatSync(file).isSymbolicLink()) requireInside(root, file);
    const found = statSync(file);
    const name = prefix + entry;
    if (found.isDirectory()) yield* walk(root, file, `${name}/`, inside);
    else if (found.isFile()) yield { name, file, executable: (found.mode & 0o111) !== 0 };
    // Sockets, pipes and devices hold nothing that could be sent.
  }
}

function requireInside(root: string, file: string): void {
  let target: string;
  try {
    target = realpathSync(file);
  } catch {
    throw new PackError(`${file} is a symbolic link to nothing. Remove it.`);
  }
  if (target !== root && !target.startsWith(root + path.sep)) {
    throw new PackError(`${file} is a symbolic link that leads out of the folder, to ${target}. Copy the file in, or remove the link.`);
  }
}

function folderOf(dir: string): string {
  try {
    const real = realpathSync(dir);
    if (statSync(real).isDirectory()) return real;
  } catch {
    throw new PackError(`There is no folder ${dir}.`);
  }
  throw new PackError(`${dir} is a file. Give the folder that holds it.`);
}

function tooLarge(dir: string, limitBytes: number): string {
  const limit = `${Math.floor(limitBytes / 1024 / 1024)} MiB`;
  return `${dir} holds more than ${limit}, the most a job's package may be. Send the code alone and fetch the data inside the job.`;
}

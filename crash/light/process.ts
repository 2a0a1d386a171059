// Small processes that outlive whoever started them, known again by their pid and the moment at which they began.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';

export interface Known {
  readonly pid: number;
  /** In the kernel's ticks since boot: a pid that is used again has another one. */
  readonly began: string;
}

/** Starts it in a session of its own, with all that it says in one file. */
export function startDetached(command: string, args: readonly string[], cwd: string, logFile: string): Known {
  const log = fs.openSync(logFile, 'a', 0o600);
  const child: ChildProcess = spawn(command, [...args], {
    cwd,
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: '/usr/bin:/bin', IOG_CRASH: cwd },
  });
  fs.closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  return { pid: child.pid, began: beganAt(child.pid) ?? '' };
}

export function isAlive({ pid, began }: Known): boolean {
  return began !== '' && beganAt(pid) === began;
}

/** Ends the whole session of it, if it is still the same. */
export function endDetached(known: Known): void {
  for (const pid of [-known.pid, known.pid]) {
    if (!isAlive(known)) return;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

/** What another process left in a file; undefined where there is none, or half of one. */
export function readKnown(file: string): Known | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Known;
  } catch {
    return undefined;
  }
}

export function writeWhole(file: string, value: object): void {
  fs.writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

/** A zombie is dead: nobody may be there to bury it. */
function beganAt(pid: number): string | undefined {
  try {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

// Processes stopped and woken as a hanging host does it: they keep their memory, sockets and locks, and say nothing.
import fs from 'node:fs';

/** All descendants of a process. */
export function processesBelow(root: number): { pid: number; name: string }[] {
  const seen = fs.readdirSync('/proc').flatMap((entry) => {
    try {
      const stat = /^\d+$/.test(entry) ? fs.readFileSync(`/proc/${entry}/stat`, 'utf8') : '';
      const match = /^(\d+) \((.*)\) \S (\d+) /s.exec(stat);
      return match ? [{ pid: Number(match[1]), name: match[2] ?? '', parent: Number(match[3]) }] : [];
    } catch {
      // It ended between the listing and the reading.
      return [];
    }
  });
  const found: { pid: number; name: string }[] = [];
  for (const open = [root]; open.length > 0;) {
    const parent = open.pop();
    for (const child of seen.filter((one) => one.parent === parent)) {
      found.push({ pid: child.pid, name: child.name });
      open.push(child.pid);
    }
  }
  return found;
}

/** Stops them all; gives those that were there to be stopped. */
export function freeze(pids: readonly number[]): number[] {
  return pids.filter((pid) => send(pid, 'SIGSTOP'));
}

/** Lets those run on that still are there. */
export function thaw(pids: readonly number[]): void {
  for (const pid of pids) send(pid, 'SIGCONT');
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

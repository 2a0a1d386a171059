// The processes of one node by the mark in their environment: what is left when neither namespace nor parent can tell any more.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The variable that every process of a node inherits: its keeper, its first process, Ray and the renter's. */
export const markName = 'IOG_NODE';

const lookEveryMs = 20;

/** Kills whatever bears `mark`, its own groups and descendants included, until none is left. Rejects when some outlive `withinMs`. */
export async function endMarked(mark: string, withinMs = 10_000): Promise<void> {
  const until = Date.now() + withinMs;
  for (;;) {
    const left = marked(mark);
    if (left.length === 0) return;
    if (Date.now() > until) throw new Error(`Processes of the node ${mark} cannot be ended: ${left.join(', ')}`);
    for (const pid of left) kill(pid);
    await sleep(lookEveryMs);
  }
}

/** Never this process itself. A child that has cleared its environment is found by its parent, its group or its session. */
function marked(mark: string): number[] {
  const all = processes();
  const found = new Set(all.filter(({ pid }) => bears(pid, mark)).map(({ pid }) => pid));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { pid, parent, group, session } of all) {
      if (found.has(parent) || found.has(group) || found.has(session)) found.add(pid);
    }
  }
  found.delete(process.pid);
  return [...found];
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

function processes(): Process[] {
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const stat = read(`/proc/${name}/stat`);
    // The name before it, in brackets, may hold anything.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (!state || state === 'Z' || state === 'X') return [];
    return [{ pid: Number(name), parent: Number(parent), group: Number(group), session: Number(session) }];
  });
}

function bears(pid: number, mark: string): boolean {
  return `\0${read(`/proc/${pid}/environ`)}\0`.includes(`\0${markName}=${mark}\0`);
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    // Ended meanwhile, or another user's.
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}

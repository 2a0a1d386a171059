// The CPU time of our own processes: the root (`iog up`, or this worker) and every descendant that is no tenant. It never goes back.
import { readFileSync, readdirSync } from 'node:fs';
import { tickMs } from './counters.ts';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Start time since boot: with the pid it names one process for ever. */
  readonly born: string;
  readonly ticks: number;
}

export interface OwnCpu {
  /** CPU milliseconds so far. `tenants`: pids whose whole trees are not ours. */
  ms(tenants: ReadonlySet<number>): number;
}

export type ReadStats = () => readonly ProcessStat[];

/**
 * The sum of utime and stime of each process seen, the vanished ones with their last value, so it never falls. Reaped children (cutime)
 * are left out on purpose: a keeper reaps its tenant, whose time would then be counted as ours and hide foreign use of as much.
 */
export function ownCpu(rootPid: number, read: ReadStats = readProc): OwnCpu {
  const last = new Map<string, number>();
  let goneTicks = 0;
  let floorMs = 0;
  return {
    ms(tenants) {
      const living = new Set<string>();
      for (const stat of ours(read(), rootPid, tenants)) {
        const key = `${stat.pid}/${stat.born}`;
        living.add(key);
        last.set(key, Math.max(last.get(key) ?? 0, stat.ticks));
      }
      for (const [key, ticks] of last) {
        if (living.has(key)) continue;
        goneTicks += ticks;
        last.delete(key);
      }
      let ticks = goneTicks;
      for (const value of last.values()) ticks += value;
      floorMs = Math.max(floorMs, ticks * tickMs);
      return floorMs;
    },
  };
}

function ours(stats: readonly ProcessStat[], rootPid: number, tenants: ReadonlySet<number>): ProcessStat[] {
  const byPid = new Map(stats.map((stat) => [stat.pid, stat]));
  const children = new Map<number, ProcessStat[]>();
  for (const stat of stats) {
    const known = children.get(stat.parent);
    if (known === undefined) children.set(stat.parent, [stat]);
    else known.push(stat);
  }
  const found: ProcessStat[] = [];
  const root = byPid.get(rootPid);
  const open = root === undefined ? [] : [root];
  for (let stat = open.pop(); stat !== undefined; stat = open.pop()) {
    if (tenants.has(stat.pid)) continue;
    found.push(stat);
    open.push(...(children.get(stat.pid) ?? []));
  }
  return found;
}

function readProc(): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = parsePidStat(readFileSync(`/proc/${name}/stat`, 'utf8'));
      if (stat !== undefined) found.push(stat);
    } catch {
      // Gone between the listing and the reading.
    }
  }
  return found;
}

/** The command name may hold spaces and brackets: fields are counted from the last `)`. */
export function parsePidStat(text: string): ProcessStat | undefined {
  const close = text.lastIndexOf(')');
  const pid = Number(text.slice(0, text.indexOf(' ')));
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  const number = (index: number): number => Number(fields[index] ?? Number.NaN);
  const stat = {
    pid,
    parent: number(1),
    born: fields[19] ?? '',
    ticks: number(11) + number(12),
  };
  return Number.isFinite(stat.ticks + pid + stat.parent) ? stat : undefined;
}

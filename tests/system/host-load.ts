// How much of this host's CPU others use, measured without the product: what is busy, less what the place's own processes used.
import fs from 'node:fs';
import { processesOf } from './processes.ts';

const tickMs = 10;

export interface LoadMeter {
  /** Cores' worth of CPU that others used since the meter began. Processes of the place that ended meanwhile count as others'. */
  foreignCores(): number;
}

export function loadMeter(dir: string): LoadMeter {
  const startedMs = performance.now();
  const [busy, own] = [busyMs(), ownMs(dir)];
  return {
    foreignCores() {
      const used = [...ownMs(dir)].reduce((sum, [pid, ms]) => sum + ms - (own.get(pid) ?? 0), 0);
      return Math.max(0, busyMs() - busy - used) / (performance.now() - startedMs);
    },
  };
}

function busyMs(): number {
  const fields = /^cpu +(.+)$/m.exec(fs.readFileSync('/proc/stat', 'utf8'))?.[1]?.split(' ').map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) * tickMs;
}

function ownMs(dir: string): Map<number, number> {
  return new Map(
    processesOf(dir).map(({ pid }) => {
      try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return [pid, (Number(fields[11]) + Number(fields[12])) * tickMs];
      } catch {
        return [pid, 0];
      }
    }),
  );
}

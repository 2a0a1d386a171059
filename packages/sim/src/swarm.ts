// Many seeds at once, each core its share: reports come in as they are made.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import type { ChildWork, SeedReport } from './child.ts';

export interface SwarmWork extends ChildWork {
  /** Called for each report; true ends the swarm. */
  readonly heard: (report: SeedReport) => boolean;
  readonly processes?: number;
}

/** All reports by seed, or those until `heard` had enough. Rejects where a process ends without having run its seeds. */
export async function swarm({ seeds, heard, processes = availableParallelism(), ...work }: SwarmWork): Promise<SeedReport[]> {
  const reports: SeedReport[] = [];
  const stop = new AbortController();
  const waiting = [...seeds];
  const runs = Array.from({ length: Math.min(processes, seeds.length) }, async () => {
    // A few at a time: what one process has compiled serves them all.
    for (let some = waiting.splice(0, 4); some.length > 0 && !stop.signal.aborted; some = waiting.splice(0, 4)) {
      await inChild({ ...work, seeds: some }, stop.signal, (report) => {
        reports.push(report);
        if (heard(report)) stop.abort();
      });
    }
  });
  await Promise.all(runs);
  return reports.toSorted((a, b) => a.seed - b.seed);
}

function inChild(work: ChildWork, signal: AbortSignal, heard: (report: SeedReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [new URL('./child.ts', import.meta.url).pathname, JSON.stringify(work)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let count = 0;
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (signal.aborted) return;
      count += 1;
      heard(JSON.parse(line) as SeedReport);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted || count === work.seeds.length) resolve();
      else reject(new Error(`seed ${work.seeds[count]} ended its process with ${code}:\n${said}`));
    });
  });
}

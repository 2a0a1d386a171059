// What this host has to rent: the cores this process may use, memory, disk, GPUs. Declared, not measured.
import { execFile } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Gpu, Units } from '@iog/protocol';

const gpuTimeoutMs = 5_000;
const mostCores = 1024;
const mostGpus = 64;

export interface InventoryOptions {
  readonly cores?: readonly number[];
  readonly memoryBytes?: number;
  /** The folder whose file system's free space is offered. */
  readonly dir?: string;
}

/** The units of this host, narrowed to `cores` and `memoryBytes` where given. Cores the process may not use are dropped. */
export async function inventory(options: InventoryOptions = {}): Promise<Units> {
  const here = hostCores();
  const wanted = options.cores === undefined ? here : here.filter((core) => options.cores?.includes(core) === true);
  const memory = memoryBytes();
  return {
    cores: (wanted.length === 0 ? here : wanted).slice(0, mostCores),
    memoryBytes: options.memoryBytes === undefined ? memory : Math.min(memory, options.memoryBytes),
    diskBytes: diskBytes(options.dir ?? process.cwd()),
    gpus: await gpus(),
  };
}

/** The numbers of the cores that this process may run on, ascending. */
export function hostCores(): number[] {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readText('/proc/self/status'))?.[1];
  const fromAffinity = allowed === undefined ? [] : parseCoreList(allowed);
  if (fromAffinity.length > 0) return fromAffinity;
  const fromInfo = [...readText('/proc/cpuinfo').matchAll(/^processor\s*:\s*(\d+)/gm)].map((match) => Number(match[1]));
  if (fromInfo.length > 0) return fromInfo;
  return Array.from({ length: availableParallelism() }, (_, core) => core);
}

/** `0-2,5` → 0, 1, 2, 5. Malformed pieces and numbers above 4095 are left out. */
export function parseCoreList(text: string): number[] {
  const cores = new Set<number>();
  for (const piece of text.trim().split(',')) {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(piece.trim());
    if (match === null) continue;
    const from = Number(match[1]);
    const to = Math.min(4095, Number(match[2] ?? match[1]));
    for (let core = from; core <= to; core++) cores.add(core);
  }
  return [...cores].toSorted((a, b) => a - b);
}

function memoryBytes(): number {
  const kib = /^MemTotal:\s*(\d+) kB/m.exec(readText('/proc/meminfo'))?.[1];
  return kib === undefined ? totalmem() : Number(kib) * 1024;
}

function diskBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return Math.min(Number.MAX_SAFE_INTEGER, bavail * bsize);
  } catch {
    return 0;
  }
}

/** No driver, no tool, a tool that hangs or speaks nonsense: no GPUs. What CUDA the driver supports, no query tells: the overview does. */
async function gpus(): Promise<Gpu[]> {
  const found = parseGpus(await nvidiaSmi(['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits']));
  const cuda = found.length === 0 ? undefined : parseCuda(await nvidiaSmi([]));
  return cuda === undefined ? found : found.map((gpu) => ({ ...gpu, cuda }));
}

function nvidiaSmi(words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', [...words], { timeout: gpuTimeoutMs, killSignal: 'SIGKILL', maxBuffer: 1_000_000 }, (error, out) => {
      resolve(error === null ? out : '');
    });
  });
}

/** `CUDA Version: 12.8`, which newer drivers call `CUDA UMD Version`, in the overview that nvidia-smi prints; undefined where it says none. */
export function parseCuda(text: string): string | undefined {
  return /CUDA (?:UMD )?Version\s*:\s*([0-9]{1,3}\.[0-9]{1,3})/.exec(text)?.[1];
}

/** Lines `uuid, name, MiB`; whatever is not one is left out. */
export function parseGpus(text: string): Gpu[] {
  const found: Gpu[] = [];
  for (const line of text.split('\n')) {
    const [uuid = '', name = '', mib = ''] = line.split(',').map((field) => field.trim());
    const model = name
      .replace(/[^A-Za-z0-9 ._@:-]/g, '')
      .slice(0, 64)
      .trim();
    if (!/^[A-Za-z0-9-]{1,64}$/.test(uuid) || !/^[A-Za-z0-9]/.test(model) || !/^\d{1,9}$/.test(mib)) continue;
    if (found.some((gpu) => gpu.uuid === uuid) || found.length >= mostGpus) continue;
    found.push({ uuid, model, memoryBytes: Number(mib) * 1024 * 1024 });
  }
  return found;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

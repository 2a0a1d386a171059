// A PostgreSQL server of the tests' own: made in a temporary folder, on 127.0.0.1 and a free port, and removed after. It refuses to run as
// root: where the tests do, it runs as nobody.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';

export interface TestServer {
  readonly port: number;
  /** Of a schema of its own in one database. */
  url(schema: string, port?: number): string;
  start(): Promise<void>;
  isUp(): boolean;
  /** The whole server, as a power cut would end it. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const nobody = 65534;
const startMs = 30_000;

export async function testServer(): Promise<TestServer> {
  const asRoot = process.geteuid?.() === 0;
  const owner = asRoot ? { uid: nobody, gid: nobody } : {};
  const dir = mkdtempSync(path.join(tmpdir(), 'iog-pg-'));
  if (asRoot) chownSync(dir, nobody, nobody);
  const data = path.join(dir, 'data');
  const made = spawnSync(program('initdb'), ['-D', data, '-A', 'trust', '-U', 'app', '-E', 'UTF8', '--no-sync'], {
    ...owner,
    cwd: dir,
    encoding: 'utf8',
  });
  if (made.status !== 0)
    throw new Error(`initdb did not work: ${made.error?.message ?? made.stderr}; npm test installs PostgreSQL on Debian`);
  const port = await freePort();
  const url = (schema: string, through = port): string => `postgres://app@127.0.0.1:${through}/postgres?schema=${schema}`;
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    child = spawn(program('postgres'), ['-D', data, '-k', dir, '-p', String(port), '-h', '127.0.0.1'], {
      ...owner,
      cwd: dir,
      stdio: 'ignore',
    });
    await untilReady(url('x'), child);
  };
  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    // Stopped first, it forks no session that is not killed: one that lived on would keep the next server from starting.
    if (signal === 'SIGKILL') signalIfThere(child.pid, 'SIGSTOP');
    const sessions = signal === 'SIGKILL' ? childrenOf(child.pid) : [];
    for (const pid of [child.pid, ...sessions]) signalIfThere(pid, signal);
    await exit;
    while (sessions.some(isAlive)) await sleep(10);
  };
  await start();
  return {
    port,
    url,
    start,
    isUp: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    kill: () => ended('SIGKILL'),
    async stop() {
      await ended('SIGINT');
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

/** Not a zombie that nobody has waited for yet. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const until = Date.now() + startMs;
  for (;;) {
    const sql = postgres(url.replace(/\?.*/, ''), { max: 1, onnotice: () => undefined, fetch_types: false });
    try {
      await sql`SELECT 1`;
      return;
    } catch (cause) {
      if (Date.now() > until || child.exitCode !== null) throw cause;
      await sleep(50);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}

/** Debian keeps the server's programs off PATH, by version: the newest is taken. */
function program(name: string): string {
  const folders = globSync('/usr/lib/postgresql/*/bin').toSorted((a, b) => version(b) - version(a));
  return folders.map((folder) => path.join(folder, name)).find(isThere) ?? name;
}

function version(folder: string): number {
  return Number(/postgresql\/(\d+)/.exec(folder)?.[1] ?? 0);
}

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

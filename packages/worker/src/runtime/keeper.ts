// The keeper of one node: a small process of its own that outlives its worker for a grace, and without which the node cannot live.
// It runs `node_init.py`; when the keeper dies, however it dies, that one sees its stdin end and ends the node.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { dirname } from 'node:path';
import { endMarked, markName } from './marked-processes.ts';

export interface KeeperSpec {
  /** Unix socket that the worker connects to. */
  readonly socket: string;
  /** The command that runs node_init.py, with its PID namespace where the host allows one. */
  readonly command: readonly string[];
  /** How long the node lives without a worker. */
  readonly graceMs: number;
  /** What all processes of the node bear in their environment. */
  readonly mark: string;
}

/** The first process gives up on what it ends after 10 s. */
const leftWithinMs = 11_000;

function main(specFile: string): void {
  const { socket: path, command, graceMs, mark } = JSON.parse(fs.readFileSync(specFile, 'utf8')) as KeeperSpec;
  const [program = '', ...args] = command;
  const init = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { [markName]: mark }, cwd: '/' });
  const workers = new Set<net.Socket>();
  let ended: number | undefined;
  let grace: NodeJS.Timeout | undefined;

  const tell = (line: string): void => {
    for (const worker of workers) worker.write(`${line}\n`);
  };
  const leave = (): void => {
    fs.rmSync(dirname(path), { recursive: true, force: true, maxRetries: 5 });
    process.exit(0);
  };
  const finish = async (code: number): Promise<void> => {
    // Without a namespace the first process may be killed and leave the others behind.
    await endMarked(mark).catch(() => undefined);
    if (ended !== undefined) return;
    ended = code;
    tell(JSON.stringify({ exited: code }));
    // A worker that hears it reads the node's last words first.
    if (workers.size === 0) leave();
    else setTimeout(leave, 1_000);
  };
  const armGrace = (): void => {
    clearTimeout(grace);
    if (workers.size > 0) return;
    if (ended !== undefined) return leave();
    grace = setTimeout(() => init.stdin.end(), graceMs);
    return undefined;
  };

  let pending = '';
  init.stdout.on('data', (chunk: Buffer) => {
    pending += chunk.toString('utf8');
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) tell(line);
  });
  init.stdin.on('error', () => undefined);
  init.once('error', () => void finish(127));
  // Without a namespace the one that is left of the two first processes ends the others; it holds the same stdout until it has.
  init.once('exit', () => setTimeout(() => void finish(137), leftWithinMs));
  init.once('close', (code) => void finish(code ?? 137));

  const server = net.createServer((worker) => {
    workers.add(worker);
    clearTimeout(grace);
    worker.on('error', () => worker.destroy());
    worker.on('close', () => {
      workers.delete(worker);
      armGrace();
    });
    worker.on('data', (chunk) => {
      if (!init.stdin.writableEnded) init.stdin.write(chunk);
    });
    worker.write(`${JSON.stringify(ended === undefined ? { keeper: process.pid } : { exited: ended })}\n`);
  });
  server.listen(path, armGrace);
  // A terminal's Ctrl-C reaches the whole group in the fallback without namespaces: the worker decides, not the signal.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('SIGTERM', () => init.stdin.end());
}

main(process.argv[2] ?? '');

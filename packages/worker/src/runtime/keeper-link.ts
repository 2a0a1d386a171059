// The worker's end of a keeper's socket: is the node alive, how much CPU has it used, end it.
import net from 'node:net';

export interface KeeperLink {
  /** The keeper's pid. */
  readonly keeper: number;
  /** Undefined while the node runs. */
  exitCode(): number | undefined;
  onExit(listener: () => void): void;
  /** CPU milliseconds of the node's processes so far; the last known ones once it has ended. */
  cpuMs(): Promise<number>;
  /** Resolves when nothing of the node is left. */
  stop(): Promise<void>;
  /** Leaves the node to its keeper's grace. */
  leave(): void;
}

interface KeeperWords {
  readonly keeper?: number;
  readonly exited?: number;
  readonly cpuMs?: number;
}

const answerWithinMs = 2_000;

/** Connects, trying for `withinMs`; undefined when no keeper answers there. */
export async function connectKeeper(path: string, withinMs: number): Promise<KeeperLink | undefined> {
  const until = Date.now() + withinMs;
  for (;;) {
    const link = await tryConnect(path);
    if (link || Date.now() >= until) return link;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function tryConnect(path: string): Promise<KeeperLink | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    let exit: number | undefined;
    let lastCpuMs = 0;
    let asked: ((ms: number) => void)[] = [];
    const listeners = new Set<() => void>();
    const gone = (code: number): void => {
      if (exit !== undefined) return;
      exit = code;
      for (const answer of asked) answer(lastCpuMs);
      asked = [];
      for (const listener of listeners) listener();
    };
    const cpuMs = (): Promise<number> => {
      if (exit !== undefined || socket.destroyed) return Promise.resolve(lastCpuMs);
      return new Promise((answer) => {
        const timer = setTimeout(() => answer(lastCpuMs), answerWithinMs);
        asked.push((ms) => (clearTimeout(timer), answer(ms)));
        if (asked.length === 1) socket.write('cpu\n');
      });
    };
    const stop = (): Promise<void> =>
      new Promise((done) => {
        if (exit !== undefined) return done();
        listeners.add(done);
        socket.write('stop\n');
        return undefined;
      });
    const hear = (words: KeeperWords): void => {
      if (words.keeper !== undefined)
        resolve({
          keeper: words.keeper,
          exitCode: () => exit,
          onExit: (listener) => void listeners.add(listener),
          cpuMs,
          stop,
          leave: () => socket.destroy(),
        });
      if (words.cpuMs !== undefined) {
        lastCpuMs = Math.max(lastCpuMs, words.cpuMs);
        for (const answer of asked) answer(lastCpuMs);
        asked = [];
      }
      if (words.exited !== undefined) gone(words.exited);
    };
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('utf8');
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) hear(JSON.parse(line) as KeeperWords);
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => {
      gone(137);
      resolve(undefined);
    });
  });
}

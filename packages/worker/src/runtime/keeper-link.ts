// The worker's end of a keeper's socket: is the node alive, how much CPU has it used, end it.
import fs from 'node:fs';
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
  /** Lets go of the keeper: of a node that runs, its grace begins; of one that has ended, it ends too. */
  leave(): void;
  /** Resolves when the keeper itself has ended, or after two seconds. */
  gone(): Promise<void>;
}

interface KeeperWords {
  readonly keeper?: number;
  readonly exited?: number;
  readonly cpuMs?: number;
}

const answerWithinMs = 2_000;
const goneWithinMs = 2_000;

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
    const goneOf = async (keeper: number): Promise<void> => {
      socket.destroy();
      for (let waited = 0; waited < goneWithinMs && fs.existsSync(`/proc/${keeper}`); waited += 10)
        await new Promise((next) => setTimeout(next, 10));
    };
    const hear = (words: KeeperWords): void => {
      const { keeper } = words;
      if (keeper !== undefined)
        resolve({
          keeper,
          exitCode: () => exit,
          onExit: (listener) => void listeners.add(listener),
          cpuMs,
          stop,
          leave: () => socket.destroy(),
          gone: () => goneOf(keeper),
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

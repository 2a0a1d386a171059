// One process of the network as the harness holds it: started, greeted, armed, killed. It ends with the harness.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Arm } from './points.ts';

const startWithinMs = 30_000;

/** The process refused to start, and said why. */
export class StartRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Child {
  readonly pid: number;
  isDead(): boolean;
  arm(arm: Arm): void;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
  /** Whether it is gone within the time. */
  diesWithin(ms: number): Promise<boolean>;
}

interface Said {
  readonly up?: Readonly<Record<string, string>>;
  readonly failed?: { readonly code: string; readonly message: string };
}

/** Starts crash/entry/<entry>.ts and waits for its greeting. Throws StartRefused where it says that it cannot. `wrapped` runs it under another command. */
export async function startChild(
  entry: 'control' | 'worker',
  task: object,
  logFile: string,
  wrapped: readonly string[] = [],
): Promise<{ child: Child; up: Readonly<Record<string, string>> }> {
  const log = fs.openSync(logFile, 'a', 0o600);
  const words = [...wrapped, process.execPath, path.join(import.meta.dirname, `entry/${entry}.ts`), JSON.stringify(task)];
  const started = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', log, log, 'ipc'] });
  fs.closeSync(log);
  const child = childOf(started);
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, string>>>();
  const late = setTimeout(() => reject(new Error(`${entry} did not start in ${startWithinMs} ms: see ${logFile}`)), startWithinMs);
  started.on('message', ({ up, failed }: Said) => {
    if (up !== undefined) resolve(up);
    if (failed !== undefined) reject(new StartRefused(failed.code, failed.message));
  });
  started.on('exit', (code, signal) => reject(new Error(`${entry} ended with ${code ?? signal} before it was up: see ${logFile}`)));
  try {
    return { child, up: await promise };
  } catch (error) {
    await child.kill();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function childOf(started: ChildProcess): Child {
  let dead = false;
  const gone = new Promise<void>((resolve) => {
    const over = (): void => {
      dead = true;
      resolve();
    };
    started.once('exit', over).once('error', over);
  });
  return {
    pid: started.pid ?? -1,
    isDead: () => dead,
    arm: (arm) => void started.send({ arm }, () => undefined),
    async kill() {
      if (!dead) started.kill('SIGKILL');
      await gone;
    },
    async diesWithin(ms) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      await Promise.race([gone, promise]);
      clearTimeout(timer);
      return dead;
    },
  };
}

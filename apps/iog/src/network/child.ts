// One supervised child: started, restarted when it crashes, stopped within a bound. Its stdin is its lifeline: when we die, however, it closes.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The first line that a supervised command prints; one that ends for good prints another, which failed. */
export type Greeting = Readonly<Record<string, unknown>> & {
  readonly failed?: { readonly code: string; readonly message: string; readonly isFinal?: boolean };
};

export interface ChildOptions {
  readonly name: string;
  /** The words after `iog`; `greeted` is what an earlier life of this child said. */
  readonly words: (greeted: Greeting | undefined) => readonly string[];
  readonly logFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}
export interface Child {
  /** Resolves with the first greeting; rejects with ChildFailure if the first life ends without one. Called once. */
  start(): Promise<Greeting>;
  stop(withinMs: number): Promise<void>;
  /** Of the life that runs now. */
  pid(): number | undefined;
}

export class ChildFailure extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ChildFailure';
    this.code = code;
  }
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;
const settledAfterMs = 30_000;
const maxLogBytes = 20_000_000;
const main = path.join(import.meta.dirname, '../main.ts');

export function superviseChild({ name, words, logFile, env, say }: ChildOptions): Child {
  let child: ChildProcess | undefined;
  let greeted: Greeting | undefined;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;

  function launch(first?: { resolve(greeting: Greeting): void; reject(error: Error): void }): void {
    const log = openLog(logFile);
    const started = Date.now();
    // A session of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops children in order.
    const current = spawn(process.execPath, [main, ...words(greeted)], { stdio: ['pipe', 'pipe', log], env: { ...env }, detached: true });
    closeSync(log);
    child = current;
    let failure: ChildFailure | undefined;
    let isOver = false;
    current.stdin?.on('error', () => undefined);
    if (current.stdout !== null) {
      let isGreeted = false;
      createInterface({ input: current.stdout }).on('line', (line) => {
        const greeting = parse(line);
        if (greeting?.failed !== undefined) {
          failure = new ChildFailure(greeting.failed.code, greeting.failed.message);
          isOver = greeting.failed.isFinal === true;
        } else if (greeting !== undefined && !isGreeted) {
          isGreeted = true;
          greeted = greeting;
          first?.resolve(greeting);
        }
      });
    }
    current.once('error', (error) => (failure = new ChildFailure('spawn', error.message)));
    current.once('close', (code, signal) => {
      child = undefined;
      if (stopping) return first?.reject(new ChildFailure('stopped', `${name} was stopped`));
      if (greeted === undefined)
        return first?.reject(failure ?? new ChildFailure('ended', `${name} ended with ${code ?? signal}; see ${logFile}`));
      if (isOver) return say(`${name} ended for good: ${failure?.message ?? ''}`);
      if (Date.now() - started > settledAfterMs) pauseMs = firstPauseMs;
      say(`${name} ended with ${code ?? signal}; starting it again in ${pauseMs} ms`);
      timer = setTimeout(launch, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    });
  }

  return {
    start: () => new Promise((resolve, reject) => launch({ resolve, reject })),
    pid: () => child?.pid,
    async stop(withinMs) {
      stopping = true;
      clearTimeout(timer);
      const last = child;
      if (last === undefined || last.exitCode !== null || last.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => last.once('close', () => resolve()));
      last.kill('SIGTERM');
      last.stdin?.end();
      const late = setTimeout(() => last.kill('SIGKILL'), withinMs);
      await gone;
      clearTimeout(late);
    },
  };
}

function openLog(file: string): number {
  const log = openSync(file, 'a', 0o600);
  if (fstatSync(log).size > maxLogBytes) ftruncateSync(log);
  return log;
}

function parse(line: string): Greeting | undefined {
  try {
    const found: unknown = JSON.parse(line);
    return typeof found === 'object' && found !== null ? (found as Greeting) : undefined;
  } catch {
    return undefined;
  }
}

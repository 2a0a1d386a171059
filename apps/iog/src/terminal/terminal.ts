// Where words go: progress to stderr, results to stdout. A reader that has gone away ends nothing.
import type { Writable } from 'node:stream';

export interface Terminal {
  readonly json: boolean;
  /** Progress: a line on stderr. */
  say(line: string): void;
  /** A result: with --json the value as one document, else the text. */
  result(value: unknown, text: string): void;
  /** A piece of a long result, on stdout, no faster than it is taken. False once nobody reads any more. */
  piece(this: void, text: string): Promise<boolean>;
  /** Raw output of a job, on stdout. */
  raw(bytes: Uint8Array): void;
  /** Output of a job that is part of a longer story, on stderr. */
  rawProgress(bytes: Uint8Array): void;
  /** Waits until all of it has been handed over. */
  drained(): Promise<void>;
}

export function terminal(json: boolean, stdout: Writable = process.stdout, stderr: Writable = process.stderr): Terminal {
  const lost = new Set<Writable>();
  // A closed pipe (`| head`) or a closed terminal: the work goes on, as its own signals tell it.
  for (const stream of [stdout, stderr]) stream.on('error', () => lost.add(stream));
  const write = (stream: Writable, data: string | Uint8Array): void => {
    if (!lost.has(stream)) stream.write(data);
  };
  return {
    json,
    say: (line) => write(stderr, `${line}\n`),
    result: (value, text) => write(stdout, json ? `${JSON.stringify(value, undefined, 2)}\n` : text === '' ? '' : `${text}\n`),
    async piece(text) {
      if (lost.has(stdout)) return false;
      await new Promise<void>((resolve) => {
        stdout.write(text, () => resolve());
      });
      return !lost.has(stdout);
    },
    raw: (bytes) => write(stdout, bytes),
    rawProgress: (bytes) => write(stderr, bytes),
    async drained() {
      for (const stream of [stdout, stderr]) {
        if (lost.has(stream)) continue;
        await new Promise<void>((resolve) => {
          stream.once('error', () => resolve());
          stream.write('', () => resolve());
        });
      }
    },
  };
}

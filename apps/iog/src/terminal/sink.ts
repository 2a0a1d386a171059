// Where a long list goes, piece by piece: stdout or a file, no faster than it takes them. A reader that has gone away ends the list.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { UsageError } from '../failure.ts';

export interface Sink {
  /** False once nobody reads any more: there is no use in asking for the next page. */
  write(text: string): Promise<boolean>;
  close(): Promise<void>;
}

/** `-` and nothing are stdout. Throws UsageError for a file that cannot be written. */
export async function sinkOf(file: string | undefined, stdout: Writable = process.stdout): Promise<Sink> {
  if (file === undefined || file === '-') return { ...written(stdout), close: () => Promise.resolve() };
  const stream = createWriteStream(file, { mode: 0o600 });
  try {
    await once(stream, 'open');
  } catch (cause) {
    throw new UsageError(`The file ${file} cannot be written: ${(cause as Error).message}.`);
  }
  const sink = written(stream);
  return {
    ...sink,
    async close() {
      const fault = sink.fault();
      if (fault !== undefined) throw fault;
      stream.end();
      await once(stream, 'close');
    },
  };
}

function written(stream: Writable): Pick<Sink, 'write'> & { fault(): Error | undefined } {
  let fault: Error | undefined;
  stream.on('error', (cause: Error) => (fault = cause));
  return {
    fault: () => fault,
    async write(text) {
      if (fault !== undefined || stream.destroyed) return false;
      await new Promise<void>((resolve) => {
        stream.write(text, () => resolve());
      });
      return fault === undefined;
    },
  };
}

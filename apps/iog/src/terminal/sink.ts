// Where a long list goes, piece by piece: stdout or a file, no faster than it takes them. A reader that has gone away ends the list.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { UsageError } from '../failure.ts';
import type { Terminal } from './terminal.ts';

export interface Sink {
  /** False once nobody reads any more: there is no use in asking for the next page. */
  write(text: string): Promise<boolean>;
  close(): Promise<void>;
}

/** `-` and nothing are stdout. Throws UsageError for a file that cannot be written. */
export async function sinkOf(file: string | undefined, terminal: Terminal): Promise<Sink> {
  if (file === undefined || file === '-') return { write: terminal.piece, close: () => Promise.resolve() };
  const stream = createWriteStream(file, { mode: 0o600 });
  try {
    await once(stream, 'open');
  } catch (cause) {
    throw new UsageError(`The file ${file} cannot be written: ${(cause as Error).message}.`);
  }
  let fault: Error | undefined;
  stream.on('error', (cause: Error) => (fault = cause));
  return {
    async write(text) {
      if (fault !== undefined) return false;
      await new Promise<void>((resolve) => {
        stream.write(text, () => resolve());
      });
      return fault === undefined;
    },
    async close() {
      if (fault !== undefined) throw fault;
      stream.end();
      await once(stream, 'close');
    },
  };
}

// Checks digests of capacity demands, one after the other. Run as a worker thread only: it blocks while it works.
import { parentPort } from 'node:worker_threads';
import { argon2Chain, fromHex, sha256hex, threadSalt } from '@iog/seal';

export interface Check {
  readonly n: number;
  readonly salt: string;
  readonly thread: number;
  readonly memoryKib: number;
  readonly passes: number;
  readonly links: number;
  readonly digest: string;
}
export interface Checked {
  readonly n: number;
  readonly ok: boolean;
}

parentPort?.on('message', ({ n, salt, thread, digest, ...work }: Check) => {
  const output = argon2Chain({ salt: threadSalt(fromHex(salt), thread), ...work });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has no origin
  parentPort?.postMessage({ n, ok: sha256hex(output) === digest } satisfies Checked);
});

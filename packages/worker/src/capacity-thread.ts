// One thread of a capacity demand. Run as a worker thread only: it blocks until its chain is done.
import { parentPort, workerData } from 'node:worker_threads';
import { argon2Chain, fromHex, sha256hex, threadSalt } from '@iog/seal';

interface Work {
  readonly salt: string;
  readonly thread: number;
  readonly memoryKib: number;
  readonly passes: number;
  readonly links: number;
}

if (parentPort !== null) {
  const { salt, thread, ...work } = workerData as Work;
  // Each thread its own salt: no thread can copy the answer of another.
  const output = argon2Chain({ salt: threadSalt(fromHex(salt), thread), ...work });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has no origin
  parentPort.postMessage(sha256hex(output));
}

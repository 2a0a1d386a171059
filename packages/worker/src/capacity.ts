// Answers a capacity demand: every asked thread works its own Argon2id chain, all at once, each in a thread of the system.
import { Worker } from 'node:worker_threads';
import type { CapacityQuestion } from './session/session.ts';

/** More than this is no demand of a policy but a way to exhaust the host. */
const limits = { threads: 1024, memoryKibInAll: 16 * 1024 * 1024, passes: 16, links: 10_000, withinMs: 600_000 } as const;

/** Why a demand is not answered; undefined for one that is. */
export function capacityObjection({ threads, memoryKib, passes, links, withinMs }: CapacityQuestion): string | undefined {
  if (threads < 1 || threads > limits.threads) return `${threads} threads`;
  if (memoryKib < 8 || memoryKib * threads > limits.memoryKibInAll) return `${memoryKib} KiB for each of ${threads} threads`;
  if (passes < 1 || passes > limits.passes) return `${passes} passes`;
  if (links < 1 || links > limits.links) return `${links} links`;
  if (withinMs > limits.withinMs) return `${withinMs} ms of work`;
  return undefined;
}

/** The digest of each thread, in order. Rejects when a thread fails or `signal` fires; no thread outlives the call. */
export async function answerCapacity(question: CapacityQuestion, signal: AbortSignal): Promise<string[]> {
  const { salt, memoryKib, passes, links, threads } = question;
  const workers: Worker[] = [];
  try {
    return await Promise.all(
      Array.from({ length: threads }, (_, thread) => {
        const worker = new Worker(new URL('./capacity-thread.ts', import.meta.url), {
          workerData: { salt, memoryKib, passes, links, thread },
        });
        workers.push(worker);
        return digestOf(worker, signal);
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function digestOf(worker: Worker, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const abandon = (): void => reject(new Error('the capacity demand was abandoned'));
    if (signal.aborted) return abandon();
    signal.addEventListener('abort', abandon, { once: true });
    worker.once('message', (digest: unknown) => {
      signal.removeEventListener('abort', abandon);
      resolve(String(digest));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a capacity thread ended without an answer')));
  });
}

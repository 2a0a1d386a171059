// Submitting a job: its package and its entrypoint leave this machine sealed to the cluster.
import type { ClusterView, JobView } from '@iog/protocol';
import { canonical, sealTo, sha256hex, toBase64url } from '@iog/seal';
import type { IogClient } from '../api/iog-client.ts';

/** Seals a packed folder to the cluster and uploads it; gives the name under which a job refers to it. */
export async function uploadPackage(client: IogClient, cluster: Pick<ClusterView, 'recipient'>, zip: Uint8Array): Promise<string> {
  const sealed = await sealTo([cluster.recipient], zip);
  const blob = sha256hex(sealed);
  await client.putBlob(blob, sealed);
  return blob;
}

export interface Submission {
  readonly name: string;
  readonly entrypoint: string;
  readonly env?: Readonly<Record<string, string>>;
  /** From `uploadPackage`. */
  readonly package?: string;
  readonly retries?: number;
  readonly idempotencyKey?: string;
}

/** Hands the job to the network; it starts when the cluster runs. */
export async function submitJob(client: IogClient, cluster: Pick<ClusterView, 'id' | 'recipient'>, job: Submission): Promise<JobView> {
  const entrypoint = canonical({ entrypoint: job.entrypoint, env: { ...job.env } });
  return client.call('job.submit', {
    params: { cluster: cluster.id },
    body: {
      name: job.name,
      sealedEntrypoint: toBase64url(await sealTo([cluster.recipient], entrypoint)),
      ...(job.package === undefined ? {} : { package: job.package }),
      ...(job.retries === undefined ? {} : { retries: job.retries }),
    },
    ...(job.idempotencyKey === undefined ? {} : { idempotencyKey: job.idempotencyKey }),
  });
}

/** Words → one shell line in which each stays one word. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

// What of a job needs no Ray: its entrypoint and its package, fetched, checked and opened. Done while the head still starts.
import type { AssignedJob } from '@iog/protocol';
import { fromBase64url, open, sha256hex } from '@iog/seal';
import { HttpFault, jsonOf, type Http } from '../http.ts';
import { saying } from '../ports.ts';

const mostPackageBytes = 256 * 1024 * 1024;
const mostEntrypointChars = 32_768;

export interface PreparedJob {
  readonly entrypoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly zip: Uint8Array | undefined;
}
export interface PreparePorts {
  readonly http: Http;
  /** The cluster's. */
  readonly ageIdentity: string;
}

/** Throws JobFault for what trying again cannot mend, any other error for what it may. */
export async function prepareJob(job: Pick<AssignedJob, 'sealedEntrypoint' | 'package'>, ports: PreparePorts): Promise<PreparedJob> {
  const { entrypoint, env } = await openEntrypoint(job.sealedEntrypoint, ports.ageIdentity);
  return { entrypoint, env, zip: job.package === null ? undefined : await openPackage(job.package, ports) };
}

async function openPackage(blob: string, { http, ageIdentity }: PreparePorts): Promise<Uint8Array> {
  const ask = { method: 'GET', path: `/v1/device/blobs/${blob}`, mostBytes: mostPackageBytes } as const;
  const answer = await http(ask);
  if (answer.status !== 200) {
    try {
      jsonOf(ask, answer);
    } catch (error) {
      const isFinal = error instanceof HttpFault && (error.status === 404 || error.status === 403);
      throw isFinal ? new JobFault(`its package cannot be fetched: ${saying(error)}`) : error;
    }
  }
  if (sha256hex(answer.body) !== blob) throw new JobFault('its package is not the one that was submitted');
  return openFor(ageIdentity, answer.body, 'its package');
}

/** What trying again cannot mend. */
export class JobFault extends Error {}

async function openFor(identity: string, sealed: Uint8Array, what: string): Promise<Uint8Array> {
  try {
    return await open(identity, sealed);
  } catch {
    throw new JobFault(`${what} is not sealed to this cluster`);
  }
}

async function openEntrypoint(sealed: string, identity: string): Promise<{ entrypoint: string; env: Record<string, string> }> {
  const bytes = await openFor(identity, fromBase64url(sealed), 'its entrypoint');
  const fault = new JobFault('its entrypoint is malformed');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fault;
  }
  const { entrypoint, env = {} } = (value ?? {}) as { entrypoint?: unknown; env?: unknown };
  if (typeof entrypoint !== 'string' || entrypoint === '' || entrypoint.length > mostEntrypointChars) throw fault;
  if (typeof env !== 'object' || env === null || Array.isArray(env)) throw fault;
  const pairs = Object.entries(env);
  if (pairs.some(([name, text]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || typeof text !== 'string')) throw fault;
  return { entrypoint, env: Object.fromEntries(pairs) };
}

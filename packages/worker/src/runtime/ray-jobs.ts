// Jobs of one head through Ray's own REST interface. Every call can be repeated: a submission that exists already is a success.
import { createHash } from 'node:crypto';
import { WebSocket } from 'ws';
import type { RayJob, RayJobs, Submission } from '../job/ray.ts';
import { type RayAddress, aliveNodes, rayJson, rayRequest } from './ray-http.ts';

const uploadTimeoutMs = 120_000;
const tasksMax = 10_000;
const handshakeTimeoutMs = 10_000;
/** Ray sends a log in batches of a few lines. */
const tailMessageBytesMax = 16 * 1024 * 1024;

const jobPath = (id: string): string => `/api/jobs/${encodeURIComponent(id)}`;

/**
 * `agentPort`: the head's own job agent. The dashboard hands each submission to it, but looks for it only twice a second while it starts.
 */
export function rayJobs(address: RayAddress, agentPort?: number): RayJobs {
  const submitAt =
    agentPort === undefined ? ([address, '/api/jobs/'] as const) : ([{ ...address, port: agentPort }, '/api/job_agent/jobs/'] as const);
  return {
    async uploadPackage(zip) {
      const name = `_ray_pkg_${createHash('sha1').update(zip).digest('hex')}.zip`;
      const path = `/api/packages/gcs/${name}`;
      const known = await rayRequest(address, 'GET', path);
      if (known.status !== 200) {
        const put = await rayRequest(address, 'PUT', path, zip, uploadTimeoutMs);
        if (put.status !== 200) throw new Error(`Ray refused the package with status ${put.status}`);
      }
      return `gcs://${name}`;
    },
    async submit({ submissionId, entrypoint, packageUri, env, metadata }: Submission) {
      const runtimeEnv = { env_vars: env, ...(packageUri === undefined ? {} : { working_dir: packageUri }) };
      const body = JSON.stringify({ submission_id: submissionId, entrypoint, runtime_env: runtimeEnv, metadata });
      const { status } = await rayRequest(submitAt[0], 'POST', submitAt[1], body, 30_000);
      if (status === 200) return;
      const exists = await rayRequest(address, 'GET', jobPath(submissionId));
      if (exists.status !== 200) throw new Error(`Ray refused the job with status ${status}`);
    },
    async info(id): Promise<RayJob | undefined> {
      const { status, body } = await rayRequest(address, 'GET', jobPath(id));
      if (status === 404) return undefined;
      // Not the same as an absent job, which would be submitted again.
      if (status !== 200) throw new Error(`Ray did not tell of the job: status ${status}`);
      const job = JSON.parse(body.toString('utf8')) as Pick<RayJob, 'status' | 'message'> & { driver_exit_code?: number | null };
      return { status: job.status, message: job.message ?? null, exitCode: job.driver_exit_code ?? null };
    },
    async stop(id) {
      await rayRequest(address, 'POST', `${jobPath(id)}/stop`, '');
    },
    tailLogs: (id, onText, signal) => tail(address, `${jobPath(id)}/logs/tail`, onText, signal),
    async logs(id) {
      const answer = (await rayJson(address, `${jobPath(id)}/logs`, 30_000)) as { logs?: string } | undefined;
      return answer?.logs ?? '';
    },
    async tasksPerNode(id) {
      const job = (await rayJson(address, jobPath(id))) as { job_id?: string } | undefined;
      if (!job?.job_id) return {};
      const tasks = (await rayJson(
        address,
        `/api/v0/tasks?limit=${tasksMax}&filter_keys=job_id&filter_predicates=%3D&filter_values=${job.job_id}`,
        20_000,
      )) as { data?: { result?: { result?: { node_id?: string | null; type?: string }[] } } } | undefined;
      const leases = new Map((await aliveNodes(address)).map(({ rayNodeId, lease }) => [rayNodeId, lease]));
      const counts: Record<string, number> = {};
      for (const { node_id: node, type } of tasks?.data?.result?.result ?? []) {
        if (!node || type === 'DRIVER_TASK') continue;
        const name = leases.get(node) ?? node;
        counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    },
  };
}

function tail({ host, port, token }: RayAddress, path: string, onText: (text: string) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    const ws = new WebSocket(`ws://${host}:${port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: tailMessageBytesMax,
    });
    const stop = (): void => ws.terminate();
    signal.addEventListener('abort', stop, { once: true });
    ws.on('message', (data) => onText((data as Buffer).toString('utf8')));
    ws.on('error', (error) => (signal.aborted ? resolve() : reject(error)));
    ws.on('close', () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    return undefined;
  });
}

// HTTP to a head's dashboard. node:http, because `fetch` sends Sec-Fetch-Mode, which Ray answers with 405 "browser traffic".
import http from 'node:http';

export interface RayAddress {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}
export interface RayAnswer {
  readonly status: number;
  readonly body: Buffer;
}

const answerBytesMax = 128 * 1024 * 1024;

/** One request; rejects on a broken connection, a silence of `timeoutMs`, or a body beyond 128 MiB. */
export function rayRequest(
  { host, port, token }: RayAddress,
  method: string,
  path: string,
  body?: Uint8Array | string,
  timeoutMs = 10_000,
): Promise<RayAnswer> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string | number> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
    if (typeof body === 'string') headers['content-type'] = 'application/json';
    else if (body) headers['content-type'] = 'application/octet-stream';
    const request = http.request({ host, port, method, path, headers, timeout: timeoutMs, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > answerBytesMax) response.destroy(new Error('Ray answered with too much'));
        else parts.push(part);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`Ray did not answer ${method} ${path} within ${timeoutMs} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

/** The same, read as JSON where the status is 200; undefined for any other. */
export async function rayJson(address: RayAddress, path: string, timeoutMs = 3_000): Promise<unknown> {
  const { status, body } = await rayRequest(address, 'GET', path, undefined, timeoutMs);
  return status === 200 ? (JSON.parse(body.toString('utf8')) as unknown) : undefined;
}

export interface AliveNode {
  readonly rayNodeId: string;
  readonly lease: string;
}

/** The nodes that Ray holds for alive, by the lease that labels them. Empty while the dashboard does not answer yet. */
export async function aliveNodes(address: RayAddress): Promise<AliveNode[]> {
  const answer = (await rayJson(address, '/nodes?view=summary')) as
    | { data?: { summary?: { raylet?: { state?: string; nodeId?: string; labels?: Record<string, string> } }[] } }
    | undefined;
  return (answer?.data?.summary ?? []).flatMap(({ raylet }) => {
    const lease = raylet?.labels?.['iog-lease'];
    return raylet?.state === 'ALIVE' && raylet.nodeId && lease ? [{ rayNodeId: raylet.nodeId, lease }] : [];
  });
}

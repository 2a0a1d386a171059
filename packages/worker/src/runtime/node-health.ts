// How a node does, look by look: it starts, joins and is ready, or shows a fault for which it is to be given up. Orders nothing.
import type { Role } from '@iog/protocol';
import type { NodeStatus } from '../lease/runtime-port.ts';
import { type AliveNode, aliveNodes, rayRequest } from './ray-http.ts';
import type { NodePorts } from './ray-start.ts';

export interface Watched {
  readonly lease: string;
  readonly role: Role;
  readonly ports: NodePorts;
  readonly headDashboard: { readonly host: string; readonly port: number };
}
export type Finding = { readonly status: NodeStatus } | { readonly fault: string };

/** How long a node that Ray holds for alive may lack its agent before a silent port clash is called out. It takes 4 s on two busy cores. */
const agentWithinMs = 30_000;
/** So long a head may leave us without an answer, busy or not, before it counts as frozen. */
const headSilentMs = 60_000;

export function firstStatus(role: Role): NodeStatus {
  return { step: 'starting', detail: role === 'head' ? 'Ray head is starting' : waitsForHead, rayNodeId: null };
}
const waitsForHead = 'Ray is starting and waits for the head';

/** Each call is one look. */
export function nodeHealth({ lease, role, ports, headDashboard }: Watched, token: string): () => Promise<Finding> {
  let aliveSince: number | undefined;
  let wellAt = Date.now();
  let ready: NodeStatus | undefined;

  const onTheWay = async (alive: readonly AliveNode[] | undefined): Promise<Finding> => {
    const rayNodeId = alive?.find((node) => node.lease === lease)?.rayNodeId;
    if (!alive) return at('starting', role === 'head' ? 'Ray head is starting: GCS and dashboard' : waitsForHead);
    if (rayNodeId === undefined) return at('joining', 'the head answers; this node is joining');
    if (await agentAnswers(ports, token)) {
      ready = { step: 'ready', detail: '', rayNodeId };
      wellAt = Date.now();
      return { status: ready };
    }
    // A taken agent port fails silently in Ray: the node is up, and no job ever starts.
    if (Date.now() - (aliveSince ??= Date.now()) > agentWithinMs)
      return { fault: `port ${ports.agentHttp} was taken: Ray's agent does not answer there; start the node again with other ports` };
    return at('joining', "Ray's agent is starting", rayNodeId);
  };
  const further = (status: NodeStatus, alive: readonly AliveNode[]): Finding => {
    if (alive.some((node) => node.lease === lease)) wellAt = Date.now();
    // Ray never takes back that a node is dead. A head that does not answer is its own fault, not its members'.
    else if (alive.length > 0) return { fault: 'Ray holds this node for dead: it did not answer the head' };
    else if (role === 'head' && Date.now() - wellAt > headSilentMs) return { fault: 'the head does not answer any more' };
    return { status };
  };

  return async () => {
    const alive = await aliveNodes({ ...headDashboard, token }).catch(() => undefined);
    return ready ? further(ready, alive ?? []) : onTheWay(alive);
  };
}

function at(step: 'starting' | 'joining', detail: string, rayNodeId: string | null = null): Finding {
  return { status: { step, detail, rayNodeId } };
}

async function agentAnswers({ host, agentHttp: port }: NodePorts, token: string): Promise<boolean> {
  const answer = await rayRequest({ host, port, token }, 'GET', '/api/local_raylet_healthz', undefined, 2_000).catch(() => undefined);
  return answer?.status === 200;
}

// The nodes of a device without a machine: ready as soon as they are assigned, stopped as soon as they are not, each with a chain of samples.
import type { Assignment, DeviceId, ObservedLease, SignedSnapshot } from '@iog/protocol';
import { type SigningKey, canonical, sha256hex, sign, toBase64url } from '@iog/seal';

export interface FakeNode {
  readonly assignment: Assignment;
  segment: number;
  index: number;
  prev: string;
  observed: ObservedLease;
}
export interface FakeNodes {
  /** The next sample of the lease's chain. */
  sample(this: void, lease: string, closing?: boolean): SignedSnapshot;
  follow(this: void, assignments: readonly Assignment[]): void;
}
/** What nodes tell their session, and ask of it. */
export interface FakeSession {
  /** The nonce that samples carry. */
  pulse(): string;
  beat(): void;
  evidence(lease: string, snapshot: SignedSnapshot): void;
}

export function fakeNodes(device: DeviceId, keys: SigningKey, nodes: Map<string, FakeNode>, session: FakeSession): FakeNodes {
  const sample = (lease: string, closing = false): SignedSnapshot => {
    const node = nodes.get(lease);
    if (!node) throw new Error(`there is no node for ${lease}`);
    const monoMs = Math.round(performance.now());
    const place = { segment: node.segment, index: node.index, prev: node.prev };
    const counts = { monoMs, busyMs: monoMs, tenantMs: monoMs, ownMs: 0 };
    const bytes = canonical({ v: 1, lease, device, ...place, ...counts, pulse: session.pulse(), method: 'schedstat', closing });
    node.prev = sha256hex(bytes);
    node.index += 1;
    return { bytes: toBase64url(bytes), signature: sign(keys.secretKey, 'evidence', bytes) };
  };
  const start = (assignment: Assignment): void => {
    nodes.set(assignment.lease, nodeOf(assignment));
    session.beat();
    session.evidence(assignment.lease, sample(assignment.lease));
  };
  const stop = (lease: string, node: FakeNode): void => {
    session.evidence(lease, sample(lease, true));
    node.observed = { ...node.observed, step: 'stopped', closing: { segment: node.segment, index: node.index - 1 } };
    session.beat();
  };
  return {
    sample,
    follow(assignments) {
      for (const assignment of assignments) if (!nodes.has(assignment.lease) && canStart(assignment)) start(assignment);
      for (const [lease, node] of nodes) {
        if (assignments.some((each) => each.lease === lease) || node.observed.step === 'stopped') continue;
        stop(lease, node);
      }
    },
  };
}

/** A node needs its secret, and a member the head's address too. */
function canStart({ sealedSecret, role, head }: Assignment): boolean {
  return sealedSecret !== null && (role === 'head' || head !== null);
}

function nodeOf(assignment: Assignment): FakeNode {
  const { lease, generation, incarnation, role } = assignment;
  const address = role === 'head' ? { host: '127.0.0.1', gcs: 6379, dashboard: 8265 } : null;
  const place = { lease, generation, incarnation, address, rayNodeId: 'f'.repeat(56) };
  const observed: ObservedLease = { ...place, step: 'ready', detail: '', jobs: [], closing: null, idleMs: 0 };
  return { assignment, segment: 1, index: 0, prev: '', observed };
}

// What a lease needs of whatever runs its node.
import type { Assignment, HeadAddress, LeaseId, NodeStep, Role } from '@iog/protocol';

export interface NodePorts {
  readonly host: string;
  readonly gcs: number;
  readonly dashboard: number;
  /** Where Ray's job agent of this node takes jobs itself, sooner than the dashboard hands them on. */
  readonly agentHttp?: number;
}
export type NodeSpec = Pick<Assignment, 'lease' | 'generation' | 'incarnation' | 'cluster' | 'role' | 'slice'> & {
  readonly head: HeadAddress | null;
  readonly rayToken: string;
};
export interface NodeStatus {
  readonly step: Extract<NodeStep, 'starting' | 'joining' | 'ready' | 'stopped' | 'failed'>;
  readonly detail: string;
  readonly rayNodeId: string | null;
}
export interface RunningNode {
  readonly lease: LeaseId;
  readonly generation: number;
  readonly ports: NodePorts;
  status(): NodeStatus;
  /** Returns how to hear no more. */
  onChange(hear: () => void): () => void;
  /** CPU milliseconds of the renter's processes since the node began, also of those that are gone. */
  tenantCpuMs(): number | Promise<number>;
  /** The roots of the renter's processes. */
  pids(): readonly number[];
  stop(): Promise<void>;
}
export interface Runtime<P extends NodePorts = NodePorts> {
  allocatePorts(wanted: { readonly lease: LeaseId; readonly role: Role }): Promise<P> | P;
  /** Idempotent for one lease and generation. */
  start(spec: NodeSpec, ports: P): Promise<RunningNode>;
  /** Nodes that outlived the worker before this one. */
  adopt(): Promise<readonly RunningNode[]>;
  /** Ends every node of this device but these leases'. */
  sweep(keep: readonly LeaseId[]): Promise<void>;
}

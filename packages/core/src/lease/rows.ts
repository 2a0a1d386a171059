// The row of a lease: one slice for one cluster, from T1 to T2.
import type { AccountId, ClusterId, DeviceId, HeadAddress, Instant, LeaseId, LeaseState, NodeStep, Role, Slice } from '@iog/protocol';
import type { ChainHead } from '../timelock/rows.ts';

/** T1 is `startedAt`, T2 `endedAt`. `nextMinute` is the first minute without a verdict. `stopped`: the device reported that nothing of it runs. */
export interface LeaseRow {
  readonly kind: 'lease';
  readonly id: LeaseId;
  readonly cluster: ClusterId;
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly supplier: AccountId;
  readonly deviceName: string;
  readonly slice: Slice;
  readonly rateMicroPerHour: bigint;
  readonly role: Role;
  /** Which group of the cluster's nodes it is of; the first where it does not say. */
  readonly group?: number;
  readonly incarnation: number;
  readonly generation: number;
  readonly state: LeaseState;
  readonly step: NodeStep;
  readonly detail: string;
  readonly address: HeadAddress | null;
  readonly rayNodeId: string | null;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly endReason: string | null;
  readonly stopped: boolean;
  readonly stopBy: Instant | null;
  readonly sealedSecret: string | null;
  readonly closing: { readonly segment: number; readonly index: number } | null;
  readonly chain: ChainHead | null;
  readonly idleMs: number;
  readonly nextMinute: number;
  readonly provenMs: number;
  readonly unprovenMs: number;
  readonly minutesProven: number;
  readonly minutesUnproven: number;
  readonly minutesViolated: number;
  readonly accruedMicro: bigint;
  readonly paidMicro: bigint;
  readonly accrueBy: Instant;
  readonly evidence: string;
}

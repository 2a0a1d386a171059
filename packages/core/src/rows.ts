// Every row that the store keeps, by kind. A row is plain data; its version belongs to the store.
import type {
  AccountId,
  ActivityView,
  AssignedJob,
  ClusterId,
  ClusterState,
  Currency,
  Demand,
  DeviceId,
  DeviceState,
  EndReason,
  Enrolment,
  EntryId,
  Gpu,
  Ground,
  HeadAddress,
  Instant,
  JobId,
  JobState,
  KeyId,
  LeaseId,
  LeaseState,
  NodeStep,
  Prices,
  Receipt,
  Role,
  RuntimeKind,
  Scope,
  Secrets,
  SignedSnapshot,
  Slice,
  Units,
  VerdictKind,
  Basis,
  AccountingMethod,
  CapacityProof,
} from '@iog/protocol';

export interface AccountRow {
  readonly kind: 'account';
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: Instant;
  readonly recipient: string | null;
}

/** Kept under the SHA-256 of its secret. `heldMicro` counts this key's holds minus their refunds, for its cap. */
export interface KeyRow {
  readonly kind: 'key';
  readonly id: string;
  readonly key: KeyId;
  readonly account: AccountId;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  readonly spendCapMicro: bigint | null;
  readonly spentMicro: bigint;
}

export interface ActivityRow extends Readonly<ActivityView> {
  readonly kind: 'activity';
}

/** The answer that a repeated request gets again. Id: `<account>/<Idempotency-Key>`. */
export interface ReplyRow {
  readonly kind: 'reply';
  readonly id: string;
  readonly requestHash: string;
  readonly status: number;
  readonly body: string;
  readonly at: Instant;
}

export interface EnrolmentRow {
  readonly kind: 'enrolment';
  readonly id: string;
  readonly enrolment: Enrolment;
  readonly state: 'waiting' | 'approved';
  readonly device: DeviceId | null;
  readonly expiresAt: Instant;
}

/** `live` are the slices that leases hold; a unit is free again only when the device itself reports it stopped. */
export interface DeviceRow {
  readonly kind: 'device';
  readonly id: DeviceId;
  readonly account: AccountId;
  readonly name: string;
  readonly publicKey: string;
  readonly recipient: string;
  readonly recipientSignature: string;
  readonly state: DeviceState;
  readonly epoch: number;
  readonly region: string;
  readonly runtime: RuntimeKind;
  readonly host: string;
  readonly units: Units;
  readonly prices: Prices;
  readonly proof: CapacityProof | null;
  readonly live: readonly { readonly lease: LeaseId; readonly slice: Slice }[];
  readonly provenMs: number;
  readonly unprovenMs: number;
  readonly enrolledAt: Instant;
}

export interface ClusterRow {
  readonly kind: 'cluster';
  readonly id: ClusterId;
  readonly account: AccountId;
  readonly key: string;
  readonly name: string;
  readonly state: ClusterState;
  readonly endReason: EndReason | null;
  readonly demand: Demand;
  readonly currency: Currency;
  readonly capMicro: bigint;
  readonly heldMicro: bigint;
  readonly paidMicro: bigint;
  readonly refundedMicro: bigint;
  readonly feeMicro: bigint;
  readonly feeBasisPoints: number;
  /** The most that one node of the quote costs: what a replacement may cost. */
  readonly topRateMicroPerHour: bigint;
  readonly createdAt: Instant;
  readonly endsAt: Instant;
  readonly endingAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly incarnation: number;
  readonly head: LeaseId | null;
  readonly leases: readonly LeaseId[];
  readonly jobs: readonly JobId[];
  readonly secrets: Secrets;
  readonly events: number;
  readonly replacements: number;
  readonly idleEndMs: number | null;
  readonly formBy: Instant;
  readonly policy: string;
  readonly waitsFor: string;
}

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

/** The last acknowledged sample of a lease's chain. `offsetMs` is the least (arrival − device's monotonic clock) seen in its segment. */
export interface ChainHead {
  readonly segment: number;
  readonly index: number;
  readonly hash: string;
  readonly monoMs: number;
  readonly at: Instant;
  readonly offsetMs: number;
  readonly closing: boolean;
}

/** A sample in evidence. `at`: control's date of it; `whole`: it continues the chain; `contradiction`: another signed sample has the same place. */
export interface Sample {
  readonly signed: SignedSnapshot;
  readonly arrivedAt: Instant;
  readonly at: Instant;
  readonly segment: number;
  readonly index: number;
  readonly monoMs: number;
  readonly busyMs: number;
  readonly tenantMs: number;
  readonly ownMs: number;
  readonly method: AccountingMethod;
  readonly whole: boolean;
  readonly closing: boolean;
  readonly contradiction?: boolean;
}

/** A pulse that control sent: answered in time at `answeredAt`, or missed (null, once its time is over). */
export interface PulseRecord {
  readonly nonce: string;
  readonly sentAt: Instant;
  readonly answeredAt: Instant | null;
}

export interface Verdict {
  readonly kind: VerdictKind;
  readonly basis: Basis | null;
  readonly grounds: readonly Ground[];
  readonly method: AccountingMethod;
  readonly policy: string;
  readonly decidedAt: Instant;
}

/** Minute k of a lease: its evidence, then its verdict. Id: `<lease>/<k, 8 digits>`. */
export interface MinuteRow {
  readonly kind: 'minute';
  readonly id: string;
  readonly lease: LeaseId;
  readonly k: number;
  readonly samples: readonly Sample[];
  readonly pulses: readonly PulseRecord[];
  readonly from: Instant;
  readonly to: Instant;
  readonly verdict: Verdict | null;
}

export interface JobRow {
  readonly kind: 'job';
  readonly id: JobId;
  readonly cluster: ClusterId;
  readonly account: AccountId;
  readonly name: string;
  readonly state: JobState;
  readonly detail: string;
  readonly assigned: AssignedJob;
  readonly retries: number;
  readonly incarnation: number;
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly exitCode: number | null;
  readonly tasksPerNode: Readonly<Record<string, number>>;
  readonly logSegments: number;
}

/** One account of the ledger. Ids: `<acc>/available`, `<acc>/earned`, `<clu>/hold`, `network/fee/<stripe>`, `network/faucet`. */
export interface BalanceRow {
  readonly kind: 'balance';
  readonly id: string;
  readonly currency: Currency;
  readonly amountMicro: bigint;
}

export type EntryKind = 'faucet' | 'hold' | 'accrual' | 'refund';
/** A balanced movement of money: its lines sum to zero. */
export interface EntryRow {
  readonly kind: 'entry';
  readonly id: EntryId;
  readonly at: Instant;
  readonly entry: EntryKind;
  readonly currency: Currency;
  readonly account: AccountId;
  readonly subject: string;
  readonly lines: readonly { readonly account: string; readonly amountMicro: bigint }[];
}

/** One line of a cluster's story. Id: `<cluster>/<seq, 8 digits>`. */
export interface EventRow {
  readonly kind: 'event';
  readonly id: string;
  readonly cluster: ClusterId;
  readonly seq: number;
  readonly at: Instant;
  readonly event: string;
  readonly subject: string;
  readonly detail: string;
}

export interface ReceiptRow {
  readonly kind: 'receipt';
  readonly id: ClusterId;
  readonly receipt: Receipt;
}

/** What the network remembers of time: `now` never goes back behind it. */
export interface ClockRow {
  readonly kind: 'clock';
  readonly id: 'clock';
  readonly now: Instant;
}

export type Row =
  | AccountRow
  | KeyRow
  | ActivityRow
  | ReplyRow
  | EnrolmentRow
  | DeviceRow
  | ClusterRow
  | LeaseRow
  | MinuteRow
  | JobRow
  | BalanceRow
  | EntryRow
  | EventRow
  | ReceiptRow
  | ClockRow;
export type RowMap = { [K in Row['kind']]: Extract<Row, { kind: K }> };
export type { Gpu };

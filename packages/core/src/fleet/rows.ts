// The rows of the fleet: devices, and those that wait to be one.
import type {
  AccountId,
  CapacityProof,
  DeviceId,
  DeviceState,
  Enrolment,
  Instant,
  JoinTokenId,
  LeaseId,
  Prices,
  RuntimeKind,
  Slice,
  Units,
} from '@iog/protocol';

export interface EnrolmentRow {
  readonly kind: 'enrolment';
  readonly id: string;
  readonly enrolment: Enrolment;
  readonly state: 'waiting' | 'approved';
  readonly device: DeviceId | null;
  readonly expiresAt: Instant;
  /** Where it was asked from, counted while it waits; none for this machine's own, and in rows of earlier builds. */
  readonly network?: string;
}

/** One day of a device, or of control itself: a bit for each minute, in base64. */
export interface UptimeRow {
  readonly kind: 'uptime';
  readonly id: string;
  readonly device: string;
  readonly day: number;
  readonly bits: string;
}

/** Its id is the hash of its secret. `token` is the name that it is called by. */
export interface JoinTokenRow {
  readonly kind: 'join-token';
  readonly id: string;
  readonly token: JoinTokenId;
  readonly account: AccountId;
  /** The hash of the key that made it. */
  readonly maker?: string;
  readonly name: string;
  readonly most: number;
  readonly uses: number;
  readonly region: string | null;
  readonly prices: Prices | null;
  readonly namePrefix: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly revokedAt: Instant | null;
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
  /** Its prices are those of its supplier's book. */
  readonly followsBook: boolean;
  readonly proof: CapacityProof | null;
  /** The round trip of its pulses when its proof was made, as control measured it. */
  readonly rttMs?: number;
  readonly live: readonly { readonly lease: LeaseId; readonly slice: Slice }[];
  readonly provenMs: number;
  readonly unprovenMs: number;
  readonly enrolledAt: Instant;
}

// The rows of the fleet: devices, and those that wait to be one.
import type {
  AccountId,
  CapacityProof,
  DeviceId,
  DeviceState,
  Enrolment,
  Instant,
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
  readonly followsBook?: boolean;
  readonly proof: CapacityProof | null;
  readonly live: readonly { readonly lease: LeaseId; readonly slice: Slice }[];
  readonly provenMs: number;
  readonly unprovenMs: number;
  readonly enrolledAt: Instant;
}

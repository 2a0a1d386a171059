// Every row that the store keeps, by kind: each concern declares its own. A row is plain data; its version belongs to the store.
import type { Instant } from '@iog/protocol';
import type { ClusterRow, EventRow } from './cluster/rows.ts';
import type { DeviceRow, EnrolmentRow, JoinTokenRow, UptimeRow } from './fleet/rows.ts';
import type { AccountRow, ActivityRow, InvitationRow, KeyRow, ReplyRow } from './identity/rows.ts';
import type { BlobRow, JobRow, ShelfRow } from './job/rows.ts';
import type { LeaseRow } from './lease/rows.ts';
import type { BalanceRow, EntryRow, ReceiptRow, StatementRow } from './ledger/rows.ts';
import type { BookRow, PriceRow } from './market/rows.ts';
import type { NetworkRow, PresenceRow, ReplicaRow, ShardRow } from './replica/rows.ts';
import type { MinuteRow } from './timelock/rows.ts';

export type * from './cluster/rows.ts';
export type * from './fleet/rows.ts';
export type * from './identity/rows.ts';
export type * from './job/rows.ts';
export type * from './lease/rows.ts';
export type * from './ledger/rows.ts';
export type * from './market/rows.ts';
export type * from './replica/rows.ts';
export type * from './timelock/rows.ts';

/** What the network remembers of time: `now` never goes back behind it. */
export interface ClockRow {
  readonly kind: 'clock';
  readonly id: 'clock';
  readonly now: Instant;
}

export type Row =
  | AccountRow
  | KeyRow
  | InvitationRow
  | ActivityRow
  | ReplyRow
  | EnrolmentRow
  | DeviceRow
  | JoinTokenRow
  | UptimeRow
  | ClusterRow
  | LeaseRow
  | MinuteRow
  | JobRow
  | BlobRow
  | ShelfRow
  | BalanceRow
  | EntryRow
  | EventRow
  | ReceiptRow
  | StatementRow
  | BookRow
  | PriceRow
  | ClockRow
  | NetworkRow
  | ReplicaRow
  | ShardRow
  | PresenceRow;
export type RowMap = { [K in Row['kind']]: Extract<Row, { kind: K }> };

// The face of @iog/control for a simulated network: the brain below its sockets, and what it stands on.
export { type Brain, brain } from './brain.ts';
export { forwardClock } from './clock.ts';
export { makeFirstAccount } from './identity/first-account.ts';
export type { BlobStore } from './blobs/blob-store.ts';
export type { DeviceLink } from './fleet/device-link.ts';
export { liveDevices } from './fleet/live-devices.ts';
export type { Replied } from './http/answer.ts';
export type { Clock, ControlPorts, LogLine, Timer } from './ports.ts';
export { silentMeter } from './metrics/meter.ts';
export { joinReplicas } from './replica/membership.ts';
export { localSignals } from './signals.ts';
export { dropPostgres, openPostgres } from './store/postgres/open.ts';
export { openSqlite } from './store/sqlite/open.ts';
export { type Commit, type CommitResult, type Store, StoreFault, type StoredRow } from './store/store.ts';
export { tables } from './tables.ts';
export { checkLaws, laws } from './laws/check-laws.ts';
export type { Books } from './laws/books.ts';

// The face of @iog/control.
export { startControl, type ControlSettings, type RunningControl } from './control.ts';
export type { Log, LogLine } from './ports.ts';
export { StoreFault } from './store/store.ts';
export { dropStore, type StoreChoice } from './store/choose.ts';
export { type Broken, checkLaws } from './laws/check-laws.ts';
export { readPostgresRows } from './store/postgres/read-rows.ts';
export { readRows } from './store/sqlite/read-rows.ts';

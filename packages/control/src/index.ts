// The face of @iog/control.
export { startControl, type ControlSettings, type RunningControl } from './control.ts';
export type { Log, LogLine } from './ports.ts';
export { StoreFault } from './store/store.ts';
export { dropStore, type StoreChoice } from './store/choose.ts';
export { type Broken, checkLaws } from './laws/check-laws.ts';
export { readRows } from './store/read-rows.ts';
export { checkStore } from './backup/check-store.ts';
export { type CheckedBackup, checkBackup } from './backup/check-backup.ts';
export { BackupDamaged } from './backup/manifest.ts';
export { PlaceTaken, restoreBackup } from './backup/restore-backup.ts';
export { writeBackup } from './backup/write-backup.ts';
export type { LawReport } from './laws/law-report.ts';

// A control process of the tests' own, so that it can be killed and frozen: its settings are its argument, its address its first line.
import { usualPeriods } from '../../ports.ts';
import { type ControlSettings, startControl } from '../../control.ts';

export type ProcessSettings = Omit<ControlSettings, 'log' | 'periods'>;

const settings = JSON.parse(process.argv[2] ?? '') as ProcessSettings;
const control = await startControl({
  ...settings,
  periods: { ...usualPeriods, replicaMs: 200, replicaLeaseMs: 2_000 },
  log: ({ level, event, ...rest }) => {
    if (level === 'error') console.error(event, JSON.stringify(rest));
  },
});
process.on('disconnect', () => process.exit());
process.send?.({ url: control.url });

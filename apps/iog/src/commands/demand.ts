// The options with which people say what they want to rent, and the demand they mean.
import type { Demand } from '@iog/protocol';
import type { Given } from '../arguments.ts';
import type { Options } from '../command.ts';
import { UsageError } from '../failure.ts';

export const demandOptions: Options = {
  nodes: { type: 'string', value: '<n>', help: 'Nodes (default 2)' },
  cores: { type: 'string', value: '<n>', help: 'Cores of each node (default 1)' },
  memory: { type: 'string', value: '<size>', help: 'Memory of each node (default 2GB)' },
  gpu: { type: 'string', value: '<model>', help: 'A GPU model for each node' },
  gpus: { type: 'string', value: '<n>', help: 'GPUs of that model in each node (default 1)' },
  region: { type: 'string', value: '<name>', help: 'Only devices there' },
  for: { type: 'string', value: '<time>', help: 'For how long, at most: 30m, 2h (default 30m)' },
  hours: { type: 'string', value: '<n>', help: 'The same in whole hours' },
  cap: { type: 'string', value: '<amount>', help: 'The most it may cost; held now, what is not used comes back' },
  'max-rate': { type: 'string', value: '<amount>', help: 'The most that all nodes together may cost an hour' },
};

export function demandOf(given: Given): Demand {
  const hours = given.count('hours', { max: 744 });
  const time = given.durationMs('for');
  if (hours !== undefined && time !== undefined) throw new UsageError('--for and --hours say the same: give one.');
  const durationMs = time ?? (hours === undefined ? 30 * 60_000 : hours * 3_600_000);
  if (durationMs < 60_000 || durationMs > 744 * 3_600_000) throw new UsageError('--for takes a time from 1m to 744h.');
  const [model, gpus, region, maxRate, cap] = [
    given.name('gpu'),
    given.count('gpus', { max: 64 }),
    given.name('region'),
    given.amount('max-rate'),
    given.amount('cap'),
  ];
  if (gpus !== undefined && model === undefined) throw new UsageError('--gpus needs --gpu with a model; `iog offers` shows them.');
  const memoryBytesPerNode = given.bytes('memory') ?? 2_000_000_000;
  if (memoryBytesPerNode < 100_000_000) throw new UsageError('--memory takes at least 100MB.');
  return {
    nodes: given.count('nodes', { max: 64 }) ?? 2,
    coresPerNode: given.count('cores', { max: 1024 }) ?? 1,
    memoryBytesPerNode,
    durationMs,
    ...(model === undefined ? {} : { gpu: { model, count: gpus ?? 1 } }),
    ...(region === undefined ? {} : { region }),
    ...(maxRate === undefined ? {} : { maxMicroPerHour: String(maxRate) }),
    ...(cap === undefined ? {} : { capMicro: String(cap) }),
  };
}
